-- Purpose:    Whether a running operation is to go on.
-- Parameters: $1 id.
-- Result:     one row: status, cancel_by (who wants it to end, or null); no row where the entry is gone.
SELECT status, cancel_by FROM cdc.backup_history WHERE id = $1
