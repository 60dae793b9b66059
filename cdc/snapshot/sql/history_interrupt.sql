-- Purpose:    Mark what a process left running that ended before it did. The operation lock is held, so none runs.
-- Parameters: $1 types of the entries.
-- Result:     an entry each.
UPDATE cdc.backup_history
SET status = 'INTERRUPTED', finished_at = clock_timestamp(), error = 'the process that ran it ended before it did'
WHERE status = 'RUNNING' AND type = ANY ($1::text[])
RETURNING id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
       progress::text AS progress, detail::text AS detail
