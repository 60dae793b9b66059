-- Purpose:    Note how a trial restore of a snapshot ended.
-- Parameters: $1 location, $2 name, $3 status.
-- Result:     none.
UPDATE cdc.snapshot SET tested_at = clock_timestamp(), test_status = $3 WHERE location = $1 AND name = $2
