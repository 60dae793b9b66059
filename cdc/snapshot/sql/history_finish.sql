-- Purpose:    Note how an operation ended. Said twice it is the same: the answer to the first may have been lost.
-- Parameters: $1 id, $2 runner, $3 status, $4 record count, $5 size in bytes, $6 file path, $7 sha256, $8 error,
--             $9 detail (text of json) or null, $10 duration in milliseconds.
-- Result:     the entry; no row where it is gone or another process's.
UPDATE cdc.backup_history
SET status = $3, record_count = $4, size_bytes = $5, filepath = $6, sha256 = $7, error = $8, detail = $9::text::json,
    duration_ms = $10, finished_at = clock_timestamp(), progress = NULL
WHERE id = $1 AND runner = $2
RETURNING id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
       progress::text AS progress, detail::text AS detail
