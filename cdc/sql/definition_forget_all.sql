-- Purpose:    Forget what all tables looked like: the two sides are made one anew, and a side may be another database.
-- Parameters: none.
-- Result:     none.
DELETE FROM cdc.definition
