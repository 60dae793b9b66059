-- Purpose:    Be the only one that makes first contact with this database; ends with the session.
-- Parameters: none. lock_timeout says how long to wait for another's session to end.
-- Result:     one row.
SELECT pg_advisory_lock(6513763, 4)
