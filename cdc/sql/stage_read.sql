-- Purpose:    Read further changes of a large window, to be piped to the target as they are.
-- Parameters: $1 the stored snapshot, $2 the snapshot the window ends at, texts; $3 the last sequence number
--             read; $4 most rows wanted.
-- Result:     the changes in sequence order, in the columns of cdc_stage.
SELECT c.seq, c.txid, c.at, c.table_id, c.op, c.columns, c.old, c.new
FROM (
    SELECT * FROM cdc.changelog l
    WHERE l.txid >= pg_snapshot_xmax($1::text::pg_snapshot) AND l.txid < pg_snapshot_xmax($2::text::pg_snapshot)
    UNION ALL
    SELECT l.* FROM pg_snapshot_xip($1::text::pg_snapshot) AS x (txid)
    JOIN cdc.changelog l ON l.txid = x.txid AND l.txid < pg_snapshot_xmax($1::text::pg_snapshot)
) c
WHERE c.seq > $3::bigint AND pg_visible_in_snapshot(c.txid, $2::text::pg_snapshot)
ORDER BY c.seq LIMIT $4::bigint
