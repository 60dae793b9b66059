-- Purpose:    Which of some rows an application here wrote after a snapshot was taken.
-- Parameters: $1 images with the keys, text[]; $2 the table, oid; $3 the snapshot, text; $4 the table's columns as
--             {image} has them, text[]; $5 the key's as {key_image} has them, text[].
-- Result:     n (the place in $1, from 1) of each. All of them where that cannot be told: the table was truncated or
--             altered since, or the changelog has been pruned beyond the snapshot.
WITH written AS MATERIALIZED (
    SELECT l.op = 'T' OR l.columns <> CASE WHEN l.op = 'K' THEN $5::text[] ELSE $4::text[] END AS other,
           l.op = 'K' AS by_key, l.old, l.new
    FROM (SELECT l.* FROM cdc.changelog l WHERE l.txid >= pg_snapshot_xmax($3::text::pg_snapshot)
          UNION ALL
          SELECT l.* FROM pg_snapshot_xip($3::text::pg_snapshot) AS x (txid)
          JOIN cdc.changelog l ON l.txid = x.txid AND l.txid < pg_snapshot_xmax($3::text::pg_snapshot)
         ) l
    WHERE l.table_id IN (SELECT c.id FROM cdc.captured_table c WHERE c.relid = $2::oid)
), doubt AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM written WHERE other) OR EXISTS (
        SELECT FROM cdc.node d
        WHERE pg_snapshot_xmin(d.pruned_through) > pg_snapshot_xmin($3::text::pg_snapshot)) AS is
), key AS MATERIALIZED (
    SELECT {key_of_after}
    FROM (SELECT i.image::{image} AS after
          FROM (SELECT * FROM written WHERE NOT (other OR by_key)) w, unnest(ARRAY[w.old, w.new]) AS i (image)
          WHERE i.image IS NOT NULL OFFSET 0) x
    UNION ALL
    SELECT {key_of_key}
    FROM (SELECT w.new::{key_image} AS after
          FROM (SELECT * FROM written WHERE by_key AND NOT other) w OFFSET 0) x
), wanted AS MATERIALIZED (
    SELECT x.n, {key_of_after}
    FROM (SELECT u.image::{image} AS after, u.n FROM unnest($1::text[]) WITH ORDINALITY AS u (image, n) OFFSET 0) x
)
SELECT m.n FROM wanted m
WHERE (SELECT d.is FROM doubt d) OR EXISTS (SELECT FROM key n WHERE {same_keys})
