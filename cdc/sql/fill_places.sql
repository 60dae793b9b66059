-- Purpose:    Where the rows to insert are.
-- Parameters: {stage}.
-- Result:     place, a tid as text.
SELECT s.ctid::text AS place FROM {stage} AS s
