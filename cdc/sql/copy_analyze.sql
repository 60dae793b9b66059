-- Purpose:    Statistics of a table that was just filled.
-- Parameters: {table} the table.
-- Result:     none.
ANALYZE {table}
