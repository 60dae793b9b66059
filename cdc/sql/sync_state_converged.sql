-- Purpose:    Close the live entries of keys whose two rows were found equal, unless something waits to be added to them.
-- Parameters: $1 entity, $2 entity ids text[].
-- Result:     none.
UPDATE cdc.sync_state s
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = 'both sides hold the same row'
WHERE s.entity = $1 AND s.entity_id = ANY ($2::text[]) AND s.status IN ('DEFERRED', 'OPEN')
  AND NOT EXISTS (SELECT FROM json_each_text(s.reached) AS r WHERE r.value IS DISTINCT FROM s.base ->> r.key)
