-- Purpose:    Who keeps a table locked.
-- Parameters: $1 the table, oid.
-- Result:     pid of each session that holds a lock on it, and since when its transaction runs (null: not ours to see).
SELECT DISTINCT l.pid, date_trunc('second', a.xact_start)::text AS since, nullif(a.application_name, '') AS application
FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'relation' AND l.relation = $1 AND l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
ORDER BY l.pid
