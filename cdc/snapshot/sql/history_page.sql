-- Purpose:    Entries of the history, the newest first, a page at a time.
-- Parameters: $1 id that the page before ended with or null; $2 type or null; $3 status or null; $4 most rows.
-- Result:     an entry each.
SELECT id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
       progress::text AS progress, detail::text AS detail
FROM cdc.backup_history
WHERE ($1::bigint IS NULL OR id < $1) AND ($2::text IS NULL OR type = $2) AND ($3::text IS NULL OR status = $3)
ORDER BY id DESC LIMIT $4
