-- Purpose:    One entry of the history.
-- Parameters: $1 its id.
-- Result:     the entry, or no row.
SELECT id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
       progress::text AS progress, detail::text AS detail
FROM cdc.backup_history WHERE id = $1
