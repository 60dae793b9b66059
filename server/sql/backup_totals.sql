-- Purpose:    Operations by type and status, as far as the history keeps them.
-- Parameters: none.
-- Result:     type, status, operations.
SELECT h.type, h.status, count(*) AS operations
FROM cdc.backup_history h
GROUP BY h.type, h.status
