-- Purpose:    Drop the list of keys to compare, because all of them were just compared.
-- Parameters: none.
-- Result:     none.
DELETE FROM cdc.recheck
