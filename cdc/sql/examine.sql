-- Purpose:    Lock the rows that a batch could not be applied to, and compare them with the changes' images.
-- Parameters: $1 entity ids, text[]; $2 images before, text[]; $3 images after, text[]; one element per key.
-- Result:     entity_id, locked, current (the row's text, all columns), short (whether large values are left out of it),
--             same_as_before, same_as_after; a key with no row in the table gives none; one whose row somebody else holds
--             gives locked = false only.
WITH item AS MATERIALIZED (
    SELECT x.entity_id, x.before::{image} AS o, x.after::{image} AS n,
           x.before IS NOT NULL AS has_o, x.after IS NOT NULL AS has_n
    FROM unnest($1::text[], $2::text[], $3::text[]) AS x (entity_id, before, after)
), keyed AS (
    SELECT b.entity_id, b.o AS origin, b.n AS after, b.has_o, b.has_n, {key_of_item} FROM item b
), held AS MATERIALIZED (
    SELECT n.entity_id, {target_row} AS current, {short} AS short,
           n.has_o AND ({current} *= {before} OR {fits} AND {current}::text = {before}::text) AS same_as_before,
           n.has_n AND ({current} *= {after} OR {fits} AND {current}::text = {after}::text) AS same_as_after
    FROM keyed n JOIN {table} t ON {match}
    FOR UPDATE OF t SKIP LOCKED
)
SELECT entity_id, true AS locked, current, short, same_as_before, same_as_after FROM held
UNION ALL
SELECT n.entity_id, false, NULL, false, false, false FROM keyed n JOIN {table} t ON {match}
