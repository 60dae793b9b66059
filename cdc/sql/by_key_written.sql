-- Purpose:    What writing one row that was fetched comes to: all its foreign keys are to be checked.
-- Parameters: $1, $2 how many foreign keys there are from the row and to it.
-- Result:     one row as apply.sql gives it: total, outgoing, incoming, act (null).
SELECT 1 AS total, array_fill(true, ARRAY[$1::int]) AS outgoing, array_fill(true, ARRAY[$2::int]) AS incoming,
       NULL::text AS act
