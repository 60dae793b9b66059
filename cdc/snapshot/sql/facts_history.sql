-- Purpose:    The entries that a status speaks of: the last full backup that has ended, the last good one, the last trial
--             restore, and what runs.
-- Parameters: none.
-- Result:     an entry each, with what it is: last, good, trial or running.
(SELECT 'last' AS what, id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
        progress::text AS progress, detail::text AS detail
 FROM cdc.backup_history WHERE type = 'FULL' AND status <> 'RUNNING' ORDER BY id DESC LIMIT 1)
UNION ALL
(SELECT 'good' AS what, id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
        progress::text AS progress, detail::text AS detail
 FROM cdc.backup_history WHERE type = 'FULL' AND status IN ('COMPLETED', 'UNCHANGED') ORDER BY id DESC LIMIT 1)
UNION ALL
(SELECT 'trial' AS what, id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
        progress::text AS progress, detail::text AS detail
 FROM cdc.backup_history WHERE type = 'VERIFY' AND status <> 'RUNNING' AND detail ->> 'kind' = 'RESTORE_TEST'
 ORDER BY id DESC LIMIT 1)
UNION ALL
(SELECT 'running' AS what, id, type, status, record_count, duration_ms, size_bytes, filepath, sha256, started_at, finished_at, error, actor,
        progress::text AS progress, detail::text AS detail
 FROM cdc.backup_history WHERE status = 'RUNNING' ORDER BY id DESC LIMIT 1)
