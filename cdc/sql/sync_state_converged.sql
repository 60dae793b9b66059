-- Purpose:    Close the live entry of a key whose two rows were found equal, unless something waits to be added to them.
-- Parameters: $1 entity, $2 entity_id.
-- Result:     none.
UPDATE cdc.sync_state
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = 'both sides hold the same row'
WHERE entity = $1 AND entity_id = $2 AND status IN ('DEFERRED', 'OPEN')
  AND NOT EXISTS (SELECT FROM json_each_text(sync_state.reached) AS r WHERE r.value IS DISTINCT FROM sync_state.base ->> r.key)
