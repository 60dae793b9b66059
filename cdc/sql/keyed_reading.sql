-- Purpose:    A table's rows by key, each with a hash of its content.
-- Parameters: {own_keys} of t under our names; {hash} of t; {table}.
-- Result:     the keys, value (the hash).
SELECT {own_keys}, {hash} AS value FROM {table} AS t
