-- Purpose:    Take a lock under a random number: where a second session fails to, both are in one database.
-- Parameters: $1 the number.
-- Result:     one value: whether this session holds the lock now. It goes with the session.
SELECT pg_try_advisory_lock($1::bigint)
