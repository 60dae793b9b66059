-- Purpose:    Note that a table's policy left conflicts to a person, and why.
-- Parameters: $1 entity; $2 the policy's mark; one element per record: $3 entity ids text[], $4 reasons text[].
-- Result:     none.
UPDATE cdc.sync_state s SET asked = s.version || ' ' || $2::text, reason = x.reason
FROM unnest($3::text[], $4::text[]) AS x (entity_id, reason)
WHERE s.entity = $1 AND s.entity_id = x.entity_id AND s.status = 'OPEN'
