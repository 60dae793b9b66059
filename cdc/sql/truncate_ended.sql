-- Purpose:    End what is put off of a table without a key that the source has emptied since: it had seen all of it. What
--             was put off disappears, conflicts are kept as CONVERGED.
-- Parameters: $1 entity.
-- Result:     none.
WITH gone AS (
    DELETE FROM cdc.sync_state s WHERE s.entity = $1 AND s.status = 'DEFERRED'
)
UPDATE cdc.sync_state s
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = 'its table was truncated'
WHERE s.entity = $1 AND s.status = 'OPEN'
