-- Purpose:    Keep what summed columns of live entries have reached.
-- Parameters: $1 entity; one element per record: $2 entity ids text[], $3 reached (json texts) text[].
-- Result:     none. The form leaves one plan, see sync_state_resolve.sql.
UPDATE cdc.sync_state s SET reached = x.reached::json
FROM unnest($2::text[], $3::text[]) AS x (entity_id, reached)
CROSS JOIN LATERAL (
    SELECT l.id FROM cdc.sync_state l
    WHERE l.entity = $1 AND l.entity_id = x.entity_id AND l.status IN ('DEFERRED', 'OPEN') OFFSET 0
) c
WHERE s.id = ANY (ARRAY[c.id])
