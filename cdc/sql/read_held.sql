-- Purpose:    Read the changes of one table that its link has passed over.
-- Parameters: $1 the snapshot the table was held at, $2 the link's present snapshot, texts; $3 the table's
--             number; $4 the last sequence number applied, or null; $5 most rows wanted.
-- Result:     as read_window, without its totals: the changes in sequence order.
SELECT l.seq, l.txid::text AS txid, l.at, l.table_id, l.op::text AS op, l.columns, l.old, l.new, l.seen::text AS seen
FROM cdc.changelog l
WHERE l.table_id = $3 AND l.txid >= pg_snapshot_xmin($1::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(l.txid, $1::text::pg_snapshot)
  AND pg_visible_in_snapshot(l.txid, $2::text::pg_snapshot)
  AND ($4::bigint IS NULL OR l.seq > $4)
ORDER BY l.seq LIMIT $5
