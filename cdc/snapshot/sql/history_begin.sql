-- Purpose:    Note that an operation begins.
-- Parameters: $1 type, $2 who asked for it, $3 the process that runs it, $4 detail (text of json) or null.
-- Result:     the new entry, RUNNING.
INSERT INTO cdc.backup_history (type, status, actor, runner, detail) VALUES ($1, 'RUNNING', $2, $3, $4::text::json)
RETURNING id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
       progress::text AS progress, detail::text AS detail
