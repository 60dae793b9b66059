-- Purpose:    Records of a table that wait: in an open conflict, or put off.
-- Parameters: $1 entity; $2 most rows wanted.
-- Result:     entity_id.
SELECT s.entity_id FROM cdc.sync_state s WHERE s.entity = $1 AND s.status IN ('OPEN', 'DEFERRED') LIMIT $2
