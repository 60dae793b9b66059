-- Purpose:    The snapshot files that are known.
-- Parameters: none.
-- Result:     files, bytes of them all, oldest, newest.
SELECT count(*) AS files, coalesce(sum(s.size_bytes), 0)::bigint AS bytes,
       min(s.created_at) AS oldest, max(s.created_at) AS newest
FROM cdc.snapshot s
WHERE s.missing_at IS NULL
