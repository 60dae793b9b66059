-- Purpose:    Read the changes of one table that its link has passed over.
-- Parameters: $1 the snapshot the table has applied, $2 the snapshot the window ends at, texts; $3 the table's
--             number; $4 the last sequence number applied of the window; $5 most rows wanted; $6 most bytes of
--             images wanted.
-- Result:     the changes in sequence order, without the totals of read_window.
SELECT s.seq, s.txid::text AS txid, s.at, s.table_id, s.op::text AS op, s.columns, s.old, s.new, s.seen::text AS seen
FROM (
    SELECT c.*, sum(coalesce(octet_length(c.old), 0) + coalesce(octet_length(c.new), 0)) OVER w AS bytes,
           row_number() OVER w AS place
    FROM (
        SELECT * FROM cdc.changelog l
        WHERE l.table_id = $3 AND l.txid >= pg_snapshot_xmin($1::text::pg_snapshot)
          AND NOT pg_visible_in_snapshot(l.txid, $1::text::pg_snapshot)
          AND pg_visible_in_snapshot(l.txid, $2::text::pg_snapshot)
          AND l.seq > $4::bigint
        ORDER BY l.seq LIMIT $5
    ) c
    WINDOW w AS (ORDER BY c.seq ROWS UNBOUNDED PRECEDING)
) s
WHERE s.bytes <= $6 OR s.place = 1
ORDER BY s.seq
