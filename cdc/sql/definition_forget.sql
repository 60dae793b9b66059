-- Purpose:    Forget a table that is gone from both sides, or bears another name on both, or have all its rows compared.
-- Parameters: $1 entity.
-- Result:     none.
DELETE FROM cdc.definition WHERE entity = $1
