-- Purpose:    How many conflicts were decided or went away by themselves, as far as they are still kept here.
-- Parameters: none.
-- Result:     resolved, converged.
SELECT count(*) FILTER (WHERE s.status = 'RESOLVED') AS resolved,
       count(*) FILTER (WHERE s.status = 'CONVERGED') AS converged
FROM cdc.sync_state s
