-- Purpose:    What is committed in this database now.
-- Parameters: none.
-- Result:     one value: a pg_snapshot as text.
SELECT pg_current_snapshot()::text
