-- Purpose:    Whether an entry still waits for its row to be fetched.
-- Parameters: $1 id.
-- Result:     one boolean.
SELECT EXISTS (SELECT FROM cdc.sync_state WHERE id = $1 AND status IN ('DEFERRED', 'OPEN') AND subsumed IS NOT NULL)
