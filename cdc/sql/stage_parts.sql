-- Purpose:    What tables and forms of images are staged.
-- Parameters: none.
-- Result:     per table and list of columns: table_id, columns, changes, op (null where there are several), inserts,
--             apart (whether there are TRUNCATEs, or changes by key only), hi (the greatest sequence number) with its txid and at, last_at (the
--             latest moment).
SELECT p.*, l.txid::text AS txid, l.at
FROM (
    SELECT s.table_id, s.columns, count(*) AS changes, max(s.seq) AS hi, max(s.at) AS last_at,
           CASE WHEN min(s.op::text) = max(s.op::text) THEN min(s.op::text) END AS op,
           bool_or(s.op = 'I') AS inserts, bool_or(s.op IN ('T', 'K')) AS apart
    FROM pg_temp.cdc_stage s GROUP BY s.table_id, s.columns
) p
JOIN pg_temp.cdc_stage l ON l.seq = p.hi
