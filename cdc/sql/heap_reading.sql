-- Purpose:    The rows of a table without a key: each content, and how often it is there.
-- Parameters: {hash} of t; {table}.
-- Result:     k1 (the hash), value (how often).
SELECT {hash} AS k1, count(*) AS value FROM {table} AS t GROUP BY 1
