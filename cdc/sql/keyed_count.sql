-- Purpose:    How many rows are not equal.
-- Parameters: {difference}.
-- Result:     one row: here, other, both.
SELECT count(*) FILTER (WHERE d.kind = 'h') AS here, count(*) FILTER (WHERE d.kind = 'o') AS other,
       count(*) FILTER (WHERE d.kind = 'b') AS both
FROM {difference} AS d
