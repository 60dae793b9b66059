-- Purpose:    Number and content of a table's rows in one pass, whatever their order.
-- Parameters: {table}; {hash} of a row of t.
-- Result:     one row: rows, hash (text).
SELECT count(*) AS rows, coalesce(sum({hash}), 0)::text AS hash FROM {table} AS t
