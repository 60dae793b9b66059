-- Purpose:    What scrapers want to know of snapshots. Used on MAIN.
-- Parameters: none.
-- Result:     one row: snapshots and bytes that are there, newest, verified_at, tested_at (the last good trial restore),
--             and of the last full backup that went well: good_at, duration_ms, size_bytes (null: no file), all null where none.
SELECT s.snapshots, s.bytes, s.newest, s.verified_at, s.tested_at, h.finished_at AS good_at, w.duration_ms, w.size_bytes
FROM (
    SELECT count(*) AS snapshots, coalesce(sum(k.size_bytes), 0)::bigint AS bytes, max(k.created_at) AS newest,
           max(k.verified_at) AS verified_at, max(k.tested_at) FILTER (WHERE k.test_status = 'COMPLETED') AS tested_at
    FROM cdc.snapshot k
    WHERE k.missing_at IS NULL AND k.fault IS NULL
) s
LEFT JOIN LATERAL (
    SELECT e.finished_at FROM cdc.backup_history e
    WHERE e.type = 'FULL' AND e.status IN ('COMPLETED', 'UNCHANGED')
    ORDER BY e.started_at DESC LIMIT 1
) h ON true
LEFT JOIN LATERAL (
    SELECT e.duration_ms, e.size_bytes FROM cdc.backup_history e
    WHERE e.type = 'FULL' AND e.status = 'COMPLETED'
    ORDER BY e.started_at DESC LIMIT 1
) w ON true
