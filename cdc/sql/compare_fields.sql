-- Purpose:    Keys and row hashes of a table, for COPY (query) TO STDOUT.
-- Parameters: {fields} keys under our names and a hash; {table}.
-- Result:     every row's key and hash.
SELECT {fields} FROM {table} AS t
