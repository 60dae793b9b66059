-- Purpose:    Rows with a live entry, which a TRUNCATE of the source leaves as a DELETE would.
-- Parameters: $1 entity.
-- Result:     entity_id of each.
SELECT entity_id FROM cdc.sync_state WHERE entity = $1 AND status IN ('DEFERRED', 'OPEN')
