-- Purpose:    Cut what is left of a large window into pages of bounded rows and bytes, in one pass that sorts nothing but
--             numbers: the rows themselves are then read page by page, each by its own stretch of the index.
-- Parameters: $1 the stored snapshot, $2 the snapshot the window ends at, texts; $3 the last sequence number applied;
--             $4 most rows, $5 most bytes of images (a page may exceed them by one row).
-- Result:     per page, in order: high (its last sequence number), changes, first_txid and last_txid (the least and
--             the greatest of its transactions).
SELECT max(p.seq) AS high, count(*) AS changes,
       min(p.txid::text::bigint) AS first_txid, max(p.txid::text::bigint) AS last_txid
FROM (
    SELECT c.seq, c.txid,
           -- It is a new page whenever either limit is passed.
           (row_number() OVER w - 1) / $4::bigint + (sum(c.bytes) OVER w / $5::bigint)::bigint AS page
    FROM (
        SELECT l.seq, l.txid, coalesce(octet_length(l.old), 0) + coalesce(octet_length(l.new), 0) AS bytes
        FROM cdc.changelog l
        WHERE l.txid >= pg_snapshot_xmax($1::text::pg_snapshot) AND l.txid < pg_snapshot_xmax($2::text::pg_snapshot)
        UNION ALL
        SELECT l.seq, l.txid, coalesce(octet_length(l.old), 0) + coalesce(octet_length(l.new), 0)
        FROM pg_snapshot_xip($1::text::pg_snapshot) AS x (txid)
        JOIN cdc.changelog l ON l.txid = x.txid AND l.txid < pg_snapshot_xmax($1::text::pg_snapshot)
    ) c
    WHERE c.seq > $3::bigint AND pg_visible_in_snapshot(c.txid, $2::text::pg_snapshot)
    WINDOW w AS (ORDER BY c.seq ROWS UNBOUNDED PRECEDING)
) p
GROUP BY p.page
ORDER BY high
