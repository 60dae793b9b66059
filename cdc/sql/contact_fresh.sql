-- Purpose:    Let go of what this database remembers in terms of links that have ended: transaction numbers of one
--             history mean nothing in another, and would be taken for its own.
-- Parameters: none.
-- Result:     none.
WITH node AS (
    UPDATE cdc.node SET pruned_through = NULL, consumed_through = NULL
)
UPDATE cdc.sync_state SET subsumed = NULL WHERE subsumed IS NOT NULL
