-- Purpose:    Whether an application here wrote a row after a snapshot was taken.
-- Parameters: $1 the key's texts in the key's order, text[]; $2 the table, oid; $3 the snapshot, text;
--             $4 the table's columns as {image} has them, text[].
-- Result:     one boolean. True also where that cannot be told: the table was truncated or altered since, or the
--             changelog has been pruned beyond the snapshot.
SELECT EXISTS (
    SELECT FROM (SELECT {key_of_texts}) m
    JOIN (SELECT l.* FROM cdc.changelog l WHERE l.txid >= pg_snapshot_xmax($3::text::pg_snapshot)
          UNION ALL
          SELECT l.* FROM pg_snapshot_xip($3::text::pg_snapshot) AS x (txid)
          JOIN cdc.changelog l ON l.txid = x.txid AND l.txid < pg_snapshot_xmax($3::text::pg_snapshot)
         ) l ON l.table_id IN (SELECT c.id FROM cdc.captured_table c WHERE c.relid = $2::oid)
    WHERE l.op = 'T' OR l.columns <> $4::text[] OR EXISTS (
        SELECT FROM (SELECT CASE WHEN l.columns = $4::text[] THEN i.image END::{image} AS after
                     FROM unnest(ARRAY[l.old, l.new]) AS i (image) WHERE i.image IS NOT NULL) x,
                    LATERAL (SELECT {key_of_after}) n
        WHERE {same_keys})
) OR EXISTS (
    SELECT FROM cdc.node d
    WHERE pg_snapshot_xmin(d.pruned_through) > pg_snapshot_xmin($3::text::pg_snapshot)
) AS touched
