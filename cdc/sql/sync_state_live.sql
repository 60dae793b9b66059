-- Purpose:    Which of some keys have a live entry on this side.
-- Parameters: $1 entity, $2 entity ids text[].
-- Result:     entity_id, status of each live entry.
SELECT entity_id, status FROM cdc.sync_state
WHERE entity = $1 AND entity_id = ANY ($2::text[]) AND status IN ('DEFERRED', 'OPEN')
