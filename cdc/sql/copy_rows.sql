-- Purpose:    The rows of a table to copy, for COPY (query) TO STDOUT, which takes no parameters.
-- Parameters: {columns} of t; {table}.
-- Result:     every row of the table and its partitions.
SELECT {columns} FROM {table} AS t
