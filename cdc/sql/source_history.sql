-- Purpose:    What tells whether a stored position still fits this source.
-- Parameters: none.
-- Result:     one row: now (the present snapshot), pruned_through (null where nothing was pruned yet).
SELECT pg_current_snapshot()::text AS now, n.pruned_through::text AS pruned_through FROM cdc.node n
