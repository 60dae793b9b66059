-- Purpose:    How large and how old the changelog of this database is.
-- Parameters: none.
-- Result:     one row: bytes, oldest_seconds (0 where it is empty).
SELECT pg_total_relation_size('cdc.changelog') AS bytes,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - c.at)
                 FROM cdc.changelog c ORDER BY c.txid, c.seq LIMIT 1), 0)::float8 AS oldest_seconds
