-- Purpose:    Who keeps a table, or any of several, locked.
-- Parameters: $1 the tables, oid[].
-- Result:     pid of each session that holds a lock on one, and since when its transaction runs (null: not ours to see).
SELECT DISTINCT l.pid, date_trunc('second', a.xact_start)::text AS since, nullif(a.application_name, '') AS application
FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'relation' AND l.relation = ANY ($1) AND l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
ORDER BY l.pid
