-- Purpose:    Try to become the one working instance; the lock goes with the session that holds it. On MAIN.
-- Parameters: none.
-- Result:     one value: whether this session holds the lock now.
SELECT pg_try_advisory_lock(6513763, 2)
