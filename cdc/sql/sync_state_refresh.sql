-- Purpose:    Note a later change of keys that are already held by a live entry.
-- Parameters: $1 entity, $2 entity ids text[], $3 incoming images (json texts or nulls) text[].
-- Result:     none.
UPDATE cdc.sync_state s
SET incoming = x.incoming::json, updated_at = clock_timestamp(), version = s.version + 1,
    next_try_at = CASE WHEN s.status = 'DEFERRED' OR s.next_try_at IS NOT NULL THEN clock_timestamp() END
FROM unnest($2::text[], $3::text[]) AS x (entity_id, incoming)
WHERE s.entity = $1 AND s.entity_id = x.entity_id AND s.status IN ('DEFERRED', 'OPEN')
