-- Purpose:    Be done with a temporary table.
-- Parameters: {place}.
-- Result:     none.
DROP TABLE IF EXISTS {place}
