-- Purpose:    Read further changes of a window that was too large for one batch.
-- Parameters: $1 the stored snapshot, $2 the snapshot the window ends at, texts; $3 the last sequence number
--             read; $4 most rows wanted; $5 most bytes of images wanted.
-- Result:     as read_window; `now` is the end of the window.
WITH head AS MATERIALIZED (
    SELECT $2::text::pg_snapshot AS now, $1::text::pg_snapshot AS seen
), change AS (
    SELECT c.* FROM head h, LATERAL (
        SELECT * FROM cdc.changelog l WHERE l.txid >= pg_snapshot_xmax(h.seen) AND l.txid < pg_snapshot_xmax(h.now)
        UNION ALL
        SELECT l.* FROM pg_snapshot_xip(h.seen) AS x (txid)
        JOIN cdc.changelog l ON l.txid = x.txid AND l.txid < pg_snapshot_xmax(h.seen)
    ) c
    WHERE c.seq > $3 AND pg_visible_in_snapshot(c.txid, h.now)
    ORDER BY c.seq LIMIT $4
), sized AS (
    SELECT c.*, sum(coalesce(octet_length(c.old), 0) + coalesce(octet_length(c.new), 0))
                    OVER (ORDER BY c.seq ROWS UNBOUNDED PRECEDING) AS bytes,
           row_number() OVER (ORDER BY c.seq) AS place
    FROM change c
)
SELECT h.now::text AS now, pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() AS durable,
       s.seq, s.txid::text AS txid, s.at, s.table_id, s.op::text AS op, s.columns, s.old, s.new,
       s.seen::text AS seen, (SELECT count(*) FROM change) AS found,
       (SELECT coalesce(sum(hashint8extended(a.atttypid::bigint, hashint4extended(a.atttypmod, hashnameextended(a.attname, hashnameextended(r.relname, (r.relnamespace::bigint << 32) + r.oid::bigint) # a.attnum)))), 0)
        FROM (SELECT DISTINCT c.table_id FROM change c) x JOIN cdc.captured_table k ON k.id = x.table_id
        JOIN pg_class r ON r.oid = k.relid JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS mark
FROM head h LEFT JOIN sized s ON s.bytes <= $5 OR s.place = 1
ORDER BY s.seq
