-- Purpose:    Note how far a running operation is.
-- Parameters: $1 id, $2 progress (text of json).
-- Result:     the entry, or no row where it does not run any more.
UPDATE cdc.backup_history SET progress = $2::text::json WHERE id = $1 AND status = 'RUNNING'
RETURNING id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
       progress::text AS progress, detail::text AS detail
