-- Purpose:    The records of which this database holds an open conflict.
-- Parameters: $1 where to stop.
-- Result:     entity, entity_id, type, updated_at.
SELECT s.entity, s.entity_id, s.type, s.updated_at
FROM cdc.sync_state s
WHERE s.status = 'OPEN'
LIMIT $1::bigint
