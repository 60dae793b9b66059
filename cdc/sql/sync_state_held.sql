-- Purpose:    The live entries of some records on this side.
-- Parameters: $1 entity, $2 entity ids text[].
-- Result:     per entry entity_id, type, status, version, base, reached, incoming, current (json texts).
SELECT entity_id, type, status, version, base::text AS base, reached::text AS reached,
       incoming::text AS incoming, current::text AS current
FROM cdc.sync_state WHERE entity = $1 AND entity_id = ANY ($2::text[]) AND status IN ('DEFERRED', 'OPEN')
