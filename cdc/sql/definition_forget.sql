-- Purpose:    Forget a table that is gone from both sides.
-- Parameters: $1 entity.
-- Result:     none.
DELETE FROM cdc.definition WHERE entity = $1
