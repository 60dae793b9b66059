-- Purpose:    Cut the staged changes into batches of bounded rows and bytes, and tell what each holds.
-- Parameters: $1 most rows, $2 most bytes of images (one row may exceed them).
-- Result:     per batch and table, batches in order: batch, table_id, columns, hi (the part's last sequence number)
--             with its txid and at, changes, op (null where there are several), inserts, last_at (the latest moment).
SELECT b.*, l.txid::text AS txid, l.at
FROM (
    SELECT p.cut AS batch, p.table_id, p.columns, max(p.seq) AS hi, count(*) AS changes,
           CASE WHEN min(p.op::text) = max(p.op::text) THEN min(p.op::text) END AS op, bool_or(p.op = 'I') AS inserts,
           max(p.at) AS last_at
    FROM (
        SELECT s.seq, s.at, s.table_id, s.columns, s.op, greatest((row_number() OVER w - 1) / $1::bigint,
               (sum(coalesce(octet_length(s.old), 0) + coalesce(octet_length(s.new), 0)) OVER w / $2::bigint)::bigint)
                   AS cut
        FROM pg_temp.cdc_stage s WINDOW w AS (ORDER BY s.seq)
    ) p
    GROUP BY p.cut, p.table_id, p.columns
) b
JOIN pg_temp.cdc_stage l ON l.seq = b.hi
ORDER BY b.batch, b.table_id
