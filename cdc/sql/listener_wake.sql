-- Purpose:    Give up the lock that makes writers notify.
-- Parameters: none.
-- Result:     none.
SELECT pg_advisory_unlock(6513763, 1)
