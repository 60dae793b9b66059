-- Purpose:    Names of the tables that anything is kept of: rows put off or in conflict, or keys to be compared.
-- Parameters: none.
-- Result:     entity of each.
SELECT s.entity FROM cdc.sync_state s WHERE s.status IN ('DEFERRED', 'OPEN')
UNION
SELECT r.entity FROM cdc.recheck r
