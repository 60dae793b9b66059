-- Purpose:    Lock the parents that a batch's rows come to refer to, without waiting for anybody.
-- Parameters: $1 to $4 belong to {batch}; $5 entity ids of rows whose parents count though no change says so. {key_of_b}, {same_key}, {keys}, {entity_id}: as in apply.
--             {part}: of a period which of the parents that cover it together p is, added to a text; else empty.
-- Result:     entity_id of each row whose parent somebody else holds. All other parents are locked now.
WITH batch AS MATERIALIZED (
    SELECT b.seq, b.old::{image} AS o, b.new::{image} AS n, b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), event AS (
    SELECT b.seq, p.part, {key_of_b},
           CASE WHEN p.part = 0 AND b.has_o THEN b.o::text END AS before,
           CASE WHEN b.has_n AND (p.part = 1 OR NOT b.moved) THEN b.n::text END AS after
    FROM (SELECT *, has_o AND has_n AND NOT ({same_key}) AS moved FROM batch) b
    JOIN (VALUES (0), (1)) AS p (part) ON p.part = 0 OR b.moved
), key AS (
    SELECT {keys}, (array_agg(e.before ORDER BY e.seq, e.part))[1] AS before,
           (array_agg(e.after ORDER BY e.seq DESC, e.part DESC))[1] AS after
    FROM event e GROUP BY {keys}
), child AS MATERIALIZED (
    SELECT {entity_id} AS entity_id, k.before IS NULL AS is_new, k.before::{image} AS o, k.after::{image} AS n
    FROM key k WHERE k.after IS NOT NULL
), ref AS MATERIALIZED (
    SELECT b.entity_id, {references} FROM child b WHERE {complete} AND (b.is_new OR {changed} OR b.entity_id = ANY ($5::text[]))
), wanted AS MATERIALIZED (
    SELECT DISTINCT {places} FROM ref r
), mine AS MATERIALIZED (
    SELECT {reference_text}{part} AS reference FROM wanted r JOIN {parent} p ON {parent_match} FOR KEY SHARE OF p SKIP LOCKED
)
SELECT DISTINCT r.entity_id FROM ref r JOIN {parent} p ON {parent_match}
WHERE {reference_text}{part} NOT IN (SELECT m.reference FROM mine m)
