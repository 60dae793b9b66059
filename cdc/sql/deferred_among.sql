-- Purpose:    Which of some records have changes that are put off.
-- Parameters: $1 source; one element per record: $2 entities, $3 entity ids, text[].
-- Result:     entity, entity_id of each.
SELECT s.entity, s.entity_id
FROM unnest($2::text[], $3::text[]) AS i (entity, entity_id)
CROSS JOIN LATERAL (
    SELECT l.entity, l.entity_id FROM cdc.sync_state l
    WHERE l.entity = i.entity AND l.entity_id = i.entity_id AND l.status = 'DEFERRED' AND l.source = $1 OFFSET 0
) s
