-- Purpose:    How many workers apply what was received.
-- Parameters: none.
-- Result:     one number.

SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'logical replication %worker';
