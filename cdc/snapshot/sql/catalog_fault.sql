-- Purpose:    Note that a snapshot file was found not to be whole. It counts for nothing from now on.
-- Parameters: $1 location, $2 name, $3 what is wrong.
-- Result:     none.
UPDATE cdc.snapshot SET fault = $3, verified_at = NULL, mark = NULL WHERE location = $1 AND name = $2
