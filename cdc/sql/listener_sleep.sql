-- Purpose:    Take the lock that makes writers notify; waits for writers that share it.
-- Parameters: none.
-- Result:     none.
SELECT pg_advisory_lock(6513763, 1)
