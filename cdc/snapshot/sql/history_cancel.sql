-- Purpose:    Ask whichever process runs an operation to end it.
-- Parameters: $1 id, $2 who asks.
-- Result:     the id, or no row where it does not run.
UPDATE cdc.backup_history SET cancel_by = $2 WHERE id = $1 AND status = 'RUNNING' RETURNING id
