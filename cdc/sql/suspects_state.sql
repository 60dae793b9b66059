-- Purpose:    How many suspects there are, and how many of them stand.
-- Parameters: {suspects}.
-- Result:     one row: rows, stands.
SELECT count(*) AS rows, count(*) FILTER (WHERE d.stands) AS stands FROM {suspects} AS d
