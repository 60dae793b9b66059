-- Purpose:    What a status says of the snapshot files.
-- Parameters: none.
-- Result:     one row: now (this database's clock); of the newest full backup that was found whole: filepath, created_at,
--             verified_at, tested_at, test_status, or nulls; how many files there are, in bytes, how many are damaged,
--             and how many have vanished.
SELECT clock_timestamp() AS now, newest.*, counted.*
FROM (SELECT count(*) FILTER (WHERE missing_at IS NULL) AS files,
             coalesce(sum(size_bytes) FILTER (WHERE missing_at IS NULL), 0)::bigint AS bytes,
             count(*) FILTER (WHERE fault IS NOT NULL AND missing_at IS NULL) AS damaged,
             count(*) FILTER (WHERE missing_at IS NOT NULL) AS missing
      FROM cdc.snapshot) AS counted
LEFT JOIN LATERAL (
    SELECT filepath, created_at, verified_at, tested_at, test_status FROM cdc.snapshot
    WHERE type = 'FULL' AND side = 'MAIN' AND verified_at IS NOT NULL AND fault IS NULL AND missing_at IS NULL
    ORDER BY created_at DESC, name DESC LIMIT 1
) AS newest ON true
