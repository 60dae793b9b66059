-- Purpose:    Let one installer work at a time. The lock belongs to the session.
-- Parameters: none; waits as long as lock_timeout allows.
-- Result:     the lock.
SELECT pg_advisory_lock(6513763, 3)
