-- Purpose:    Remove schema cdc with everything in it.
-- Parameters: none.
-- Result:     nothing of ours is left in the database.
DROP SCHEMA cdc CASCADE
