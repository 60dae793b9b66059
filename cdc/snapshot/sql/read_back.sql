-- Purpose:    A table's rows as they lie, for COPY (query) TO STDOUT.
-- Parameters: {columns} of t; {table}.
-- Result:     the rows.
SELECT {columns} FROM ONLY {table} AS t
