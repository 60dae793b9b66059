-- Purpose:    What the open transaction sees of other transactions.
-- Parameters: none.
-- Result:     one row: seen (text).
SELECT pg_current_snapshot()::text AS seen
