-- Purpose:    Take rows from the list of those to insert.
-- Parameters: {stage}; $1 places (tids as text).
-- Result:     none.
DELETE FROM {stage} AS s WHERE s.ctid = ANY ($1::text[]::tid[])
