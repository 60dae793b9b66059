-- Purpose:    Read the first changes of a new window: what is visible now and was not in the stored snapshot.
-- Parameters: $1 the stored snapshot, text; $2 most rows wanted; $3 most bytes of images wanted.
-- Result:     at least one row: now (this statement's snapshot), durable (whether all it sees is flushed to
--             disk), mark (of the tables that occur, see marks.sql), then a change or nulls. In sequence order. Both
--             ranges are served by the index.
WITH head AS MATERIALIZED (
    SELECT pg_current_snapshot() AS now, $1::text::pg_snapshot AS seen
), change AS (
    SELECT c.* FROM head h, LATERAL (
        SELECT * FROM cdc.changelog l WHERE l.txid >= pg_snapshot_xmax(h.seen)
        UNION ALL
        -- Transactions that ran at the stored snapshot: one that stays open must not make us scan a backlog.
        SELECT l.* FROM pg_snapshot_xip(h.seen) AS x (txid)
        JOIN cdc.changelog l ON l.txid = x.txid AND l.txid < pg_snapshot_xmax(h.seen)
    ) c
    ORDER BY c.seq LIMIT $2
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
FROM head h LEFT JOIN sized s ON s.bytes <= $3 OR s.place = 1
ORDER BY s.seq
