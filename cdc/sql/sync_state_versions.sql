-- Purpose:    Give keys' open conflicts both sides' rows as they were found, so that no version is only in a table.
-- Parameters: $1 entity; one element per key: $2 entity ids text[], $3 incoming, $4 current (json texts or nulls) text[].
-- Result:     none. The form leaves one plan, see sync_state_resolve.sql.
UPDATE cdc.sync_state s
SET incoming = x.incoming::json, current = x.current::json, updated_at = clock_timestamp(), version = s.version + 1
FROM unnest($2::text[], $3::text[], $4::text[]) AS x (entity_id, incoming, current)
CROSS JOIN LATERAL (
    SELECT l.id FROM cdc.sync_state l
    WHERE l.entity = $1 AND l.entity_id = x.entity_id AND l.status = 'OPEN' OFFSET 0
) c
WHERE s.id = ANY (ARRAY[c.id]) AND s.status || '' = 'OPEN'
  AND (s.incoming::text IS DISTINCT FROM x.incoming OR s.current::text IS DISTINCT FROM x.current)
