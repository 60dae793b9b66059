-- Purpose:    Whether the two sides have been made one: rows of a table that is captured from now on are changes then.
-- Parameters: none.
-- Result:     one boolean.
SELECT coalesce(bool_or(n.first_contact = 'done'), false) FROM cdc.node AS n
