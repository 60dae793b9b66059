-- Purpose:    Rows with a live entry, which a TRUNCATE of the source leaves as a DELETE would.
-- Parameters: $1 entity.
-- Result:     entity_id of each, put_off, unsure (it is put off, and its changes come to nothing or do not chain: they may
--             have been logged in another order, so its base need not be what the row was).
SELECT entity_id, status = 'DEFERRED' AS put_off,
       status = 'DEFERRED' AND (gap IS NOT NULL OR base::text IS NOT DISTINCT FROM incoming::text) AS unsure
FROM cdc.sync_state WHERE entity = $1 AND status IN ('DEFERRED', 'OPEN')
