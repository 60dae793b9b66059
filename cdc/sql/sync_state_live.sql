-- Purpose:    The live entry of a key on this side.
-- Parameters: $1 entity, $2 entity_id.
-- Result:     none or one row: id, type, status, base, incoming, current, version.
SELECT id, type, status, base::text AS base, incoming::text AS incoming, current::text AS current, version
FROM cdc.sync_state WHERE entity = $1 AND entity_id = $2 AND status IN ('DEFERRED', 'OPEN')
