-- Purpose:    End what is named by a key that its table has no more; every row of it is compared anew.
-- Parameters: $1 entity.
-- Result:     none.
WITH listed AS (
    DELETE FROM cdc.recheck c WHERE c.entity = $1
)
UPDATE cdc.sync_state s
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = 'the table has another key; all its rows are compared'
WHERE s.entity = $1 AND s.status IN ('DEFERRED', 'OPEN')
