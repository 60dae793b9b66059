-- Purpose:    The list of differing contents as the other side is to see it, for COPY (query) TO STDOUT.
-- Parameters: {difference}.
-- Result:     hash, here, other.
SELECT d.hash, d.other, d.here FROM {difference} AS d
