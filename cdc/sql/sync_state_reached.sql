-- Purpose:    Keep what summed columns of live entries have reached.
-- Parameters: $1 entity; one element per record: $2 entity ids text[], $3 reached (json texts) text[].
-- Result:     none.
UPDATE cdc.sync_state s SET reached = x.reached::json
FROM unnest($2::text[], $3::text[]) AS x (entity_id, reached)
WHERE s.entity = $1 AND s.entity_id = x.entity_id AND s.status IN ('DEFERRED', 'OPEN')
