-- Purpose:    Find a table, or a partition of one, that somebody else keeps from being locked.
-- Parameters: one element per table: $1 schemas, $2 tables, text[].
-- Result:     schema and name of one of them, whichever; no row where there is none.
SELECT n.nspname AS schema, c.relname AS name
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
JOIN pg_namespace s ON s.oid = r.relnamespace
JOIN unnest($1::text[], $2::text[]) AS w (schema, name) ON w.schema = s.nspname AND w.name = r.relname
WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.granted AND l.mode <> 'AccessShareLock' AND c.relkind IN ('r', 'p') AND l.pid IS DISTINCT FROM pg_backend_pid()
ORDER BY random() LIMIT 1
