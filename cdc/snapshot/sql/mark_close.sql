-- Purpose:    Use up a transaction number, so that every transaction which had one by now and still runs is listed as
--             running in the snapshots taken from here on.
-- Parameters: none.
-- Result:     one number, of no further use.
SELECT pg_current_xact_id()::text
