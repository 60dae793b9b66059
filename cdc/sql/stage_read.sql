-- Purpose:    Read a page of a large window, to be piped to the target as it is.
-- Parameters: $1 the stored snapshot, $2 the snapshot the window ends at, texts; $3 the last sequence number before the
--             page, $4 its last one; $5 and $6 the least and the greatest of its transactions, texts.
-- Result:     the changes in sequence order, in the columns of cdc_stage.
SELECT c.seq, c.txid, c.at, c.table_id, c.op, c.columns, c.old, c.new
FROM (
    SELECT * FROM cdc.changelog l
    WHERE l.txid >= pg_snapshot_xmax($1::text::pg_snapshot) AND l.txid < pg_snapshot_xmax($2::text::pg_snapshot)
      AND l.txid >= $5::text::xid8 AND l.txid <= $6::text::xid8
    UNION ALL
    SELECT l.* FROM pg_snapshot_xip($1::text::pg_snapshot) AS x (txid)
    JOIN cdc.changelog l ON l.txid = x.txid AND l.txid < pg_snapshot_xmax($1::text::pg_snapshot)
    WHERE x.txid >= $5::text::xid8 AND x.txid <= $6::text::xid8
) c
WHERE c.seq > $3::bigint AND c.seq <= $4::bigint AND pg_visible_in_snapshot(c.txid, $2::text::pg_snapshot)
ORDER BY c.seq
