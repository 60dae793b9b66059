-- Purpose:    Whether a table holds any row.
-- Parameters: {table} the table.
-- Result:     one boolean.
SELECT EXISTS (SELECT 1 FROM {table} AS t)
