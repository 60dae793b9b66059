-- Purpose:    Note that a table's policy left conflicts to a person, and why.
-- Parameters: $1 entity; $2 the policy's mark; one element per record: $3 entity ids text[], $4 reasons text[].
-- Result:     none. The form leaves one plan, see sync_state_resolve.sql.
UPDATE cdc.sync_state s SET asked = s.version || ' ' || $2::text, reason = x.reason
FROM unnest($3::text[], $4::text[]) AS x (entity_id, reason)
CROSS JOIN LATERAL (
    SELECT l.id FROM cdc.sync_state l
    WHERE l.entity = $1 AND l.entity_id = x.entity_id AND l.status = 'OPEN' OFFSET 0
) c
WHERE s.id = ANY (ARRAY[c.id])
