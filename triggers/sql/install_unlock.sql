-- Purpose:    Let the next installer work.
-- Parameters: none.
-- Result:     true.
SELECT pg_advisory_unlock(6513763, 3)
