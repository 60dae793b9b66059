-- Purpose:    Other transactions that are writing to a table or to a partition of it.
-- Parameters: $1 the table, oid; $2 transactions to look at, text[], null for all.
-- Result:     transaction, text.
SELECT DISTINCT l.virtualtransaction AS transaction
FROM (SELECT $1::oid AS relid UNION SELECT p.relid FROM pg_partition_tree($1::oid) p) tree
JOIN pg_locks l ON l.relation = tree.relid AND l.locktype = 'relation'
               AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
WHERE l.granted AND l.mode = 'RowExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND ($2::text[] IS NULL OR l.virtualtransaction = ANY ($2::text[]))
