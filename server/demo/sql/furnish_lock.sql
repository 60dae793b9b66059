-- Purpose:    Let one session at a time furnish an empty database; others wait and then find it furnished.
-- Parameters: none. 6513763 is the lock class of the service, 4 the number of the demo.
-- Result:     one row without meaning; the lock is held until the transaction ends.

SELECT pg_catalog.pg_advisory_xact_lock(6513763, 4);
