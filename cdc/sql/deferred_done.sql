-- Purpose:    End an entry that could be applied: a put-off one disappears, a conflict is kept as CONVERGED.
-- Parameters: $1 id.
-- Result:     none.
WITH gone AS (
    DELETE FROM cdc.sync_state WHERE id = $1 AND status = 'DEFERRED'
)
UPDATE cdc.sync_state
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = 'applied once what stood in its way had changed'
WHERE id = $1 AND status = 'OPEN'
