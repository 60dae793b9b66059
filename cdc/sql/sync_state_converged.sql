-- Purpose:    Close the live entry of a key whose two rows were found equal.
-- Parameters: $1 entity, $2 entity_id.
-- Result:     none.
UPDATE cdc.sync_state
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = 'both sides hold the same row'
WHERE entity = $1 AND entity_id = $2 AND status IN ('DEFERRED', 'OPEN')
