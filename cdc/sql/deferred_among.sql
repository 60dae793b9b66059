-- Purpose:    Which of some records have changes that are put off, and what these wait for, and so on.
-- Parameters: $1 source; one element per record: $2 entities, $3 entity ids, text[]; $4 what an entry says whose row
--             somebody holds; $5 most entries wanted.
-- Result:     entity, entity_id, held, known (the records found in its way so far, json text of pairs) of each.
WITH RECURSIVE reach (id) AS (
    SELECT s.id
    FROM unnest($2::text[], $3::text[]) AS i (entity, entity_id)
    CROSS JOIN LATERAL (
        SELECT l.id FROM cdc.sync_state l
        WHERE l.entity = i.entity AND l.entity_id = i.entity_id AND l.status = 'DEFERRED' AND l.source = $1 OFFSET 0
    ) s
    UNION
    SELECT l.id
    FROM reach r
    CROSS JOIN LATERAL (SELECT e.related FROM cdc.sync_state e WHERE e.id = r.id OFFSET 0) s
    CROSS JOIN LATERAL json_array_elements(s.related) n
    CROSS JOIN LATERAL (
        SELECT o.id FROM cdc.sync_state o
        WHERE o.entity = n ->> 'entity' AND o.entity_id = n ->> 'entityId' AND o.status = 'DEFERRED'
          AND o.source = $1 OFFSET 0
    ) l
), wanted AS MATERIALIZED (
    SELECT r.id FROM reach r LIMIT $5
)
SELECT d.entity, d.entity_id, coalesce(d.error = $4, false) AS held,
       (SELECT json_agg(json_build_array(n ->> 'entity', n ->> 'entityId'))::text
        FROM json_array_elements(d.related) n) AS known
FROM cdc.sync_state d
WHERE d.id = ANY (ARRAY(SELECT w.id FROM wanted w))
