-- Purpose:    Lock the rows that a batch will write to, without waiting for anybody.
-- Parameters: $1 to $4 belong to {batch}; $5 entity; $6 whether keys are wanted too that a batch leaves alone: with a live
--             entry, or settled by a decision. {key_of_b}, {same_key}, {subsumed}, {keys}, {entity_id}, {match}, {table}: as in apply.
-- Result:     one row per key whose row somebody else holds: entity_id, before and after (the batch's first and last
--             image of it, null where there is none). All other rows are locked now.
WITH batch AS MATERIALIZED (
    SELECT b.seq, b.txid, b.old::{image} AS o, b.new::{image} AS n,
           b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), event AS (
    SELECT b.seq, b.txid, p.part, {key_of_b},
           CASE WHEN p.part = 0 AND b.has_o THEN b.o::text END AS before,
           CASE WHEN b.has_n AND (p.part = 1 OR NOT b.moved) THEN b.n::text END AS after
    FROM (SELECT *, has_o AND has_n AND NOT ({same_key}) AS moved FROM batch) b
    JOIN (VALUES (0), (1)) AS p (part) ON p.part = 0 OR b.moved
), key AS (
    SELECT {keys}, (array_agg(e.before ORDER BY e.seq, e.part))[1] AS before,
           (array_agg(e.after ORDER BY e.seq DESC, e.part DESC))[1] AS after
    FROM event e WHERE $6::boolean OR NOT {subsumed} GROUP BY {keys}
), wanted AS MATERIALIZED (
    SELECT n.* FROM (SELECT k.*, {entity_id} AS entity_id FROM key k) n
    WHERE $6::boolean OR NOT EXISTS (SELECT FROM cdc.sync_state s WHERE s.status IN ('DEFERRED', 'OPEN')
                                                                  AND s.entity = $5 AND s.entity_id = n.entity_id OFFSET 0)
), mine AS MATERIALIZED (
    SELECT n.entity_id FROM wanted n JOIN {table} t ON {match} FOR UPDATE OF t SKIP LOCKED
)
SELECT n.entity_id, n.before, n.after FROM wanted n JOIN {table} t ON {match}
WHERE n.entity_id NOT IN (SELECT m.entity_id FROM mine m)
