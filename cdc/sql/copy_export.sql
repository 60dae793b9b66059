-- Purpose:    Hand the open transaction's snapshot to other sessions, and to the position that starts from it.
-- Parameters: none; in a REPEATABLE READ transaction.
-- Result:     one row: exported (the name), seen (text).
SELECT pg_export_snapshot() AS exported, pg_current_snapshot()::text AS seen
