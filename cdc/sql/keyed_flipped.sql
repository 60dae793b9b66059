-- Purpose:    The list of differing keys as the other side is to see it, for COPY (query) TO STDOUT.
-- Parameters: {keys} of d; {difference}.
-- Result:     keys, kind.
SELECT {keys}, CASE d.kind WHEN 'h' THEN 'o' WHEN 'o' THEN 'h' ELSE 'b' END FROM {difference} AS d
