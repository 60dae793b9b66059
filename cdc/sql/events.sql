-- Purpose:    All changes in a batch that touch certain keys of one table, for keys whose changes do not chain.
-- Parameters: $1 to $4 belong to {batch}; $5 entity; $6 the entity ids wanted, text[], or null for all.
-- Result:     one row per change of a key, in the changelog's order: entity_id, txid, before, after.
WITH batch AS MATERIALIZED (
    SELECT b.seq, b.txid, b.old::{image} AS o, b.new::{image} AS n,
           b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), event AS (
    SELECT b.seq, b.txid, p.part, {key_of_b},
           CASE WHEN p.part = 0 THEN b.o END AS before,
           CASE WHEN p.part = 1 OR NOT b.moved THEN b.n END AS after,
           b.has_o AND p.part = 0 AS has_before,
           b.has_n AND (p.part = 1 OR NOT b.moved) AS has_after
    FROM (SELECT *, has_o AND has_n AND NOT ({same_key}) AS moved FROM batch) b
    JOIN (VALUES (0), (1)) AS p (part) ON p.part = 0 OR b.moved
)
SELECT n.entity_id, n.txid::text AS txid,
       CASE WHEN n.has_before THEN n.before::text END AS before,
       CASE WHEN n.has_after THEN n.after::text END AS after
FROM (SELECT e.*, {entity_id} AS entity_id FROM event e WHERE NOT {subsumed}) n
WHERE $5::text IS NOT NULL AND ($6::text[] IS NULL OR n.entity_id = ANY ($6::text[]))
ORDER BY n.entity_id, n.seq, n.part
