-- Purpose:    One side's open entry of a record, else its last one; a put-off row is not shown.
-- Parameters: $1 entity, $2 entity_id.
-- Result:     none or one row, columns as conflicts_of gives them.
SELECT id, source, entity, entity_id, type, status, constraint_name, error,
       base::text AS base, incoming::text AS incoming, current::text AS current,
       detected_at, updated_at, version, resolution, resolved_by, resolved_at, reason,
       related::text AS related, merged::text AS merged
FROM cdc.sync_state
WHERE entity = $1 AND entity_id = $2 AND status <> 'DEFERRED'
ORDER BY status = 'OPEN' DESC, id DESC LIMIT 1
