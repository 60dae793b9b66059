-- Purpose:    Try to become the one operation that runs; the lock goes with the session that holds it. On MAIN.
-- Parameters: none.
-- Result:     one value: whether this session holds the lock now.
SELECT pg_try_advisory_lock(6513763, 5)
