-- Purpose:    How many rows are not equal, in a table without a key.
-- Parameters: {difference}.
-- Result:     one row: here, other, both (nothing tells a changed row from two).
SELECT coalesce(sum(d.here), 0)::bigint AS here, coalesce(sum(d.other), 0)::bigint AS other, 0::bigint AS both
FROM {difference} AS d
