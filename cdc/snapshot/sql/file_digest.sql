-- Purpose:    Number and content of the file's rows, whatever their order; as compare_digest has it of a table.
-- Parameters: {other} keys and hashes.
-- Result:     one row: rows, hash (text).
SELECT count(*) AS rows, coalesce(sum(o.hash), 0)::text AS hash FROM {other} AS o
