-- Purpose:    How large tables are, to cut them into parts and to show progress.
-- Parameters: $1 oids of tables.
-- Result:     relid, pages (of the table's own file), rows (estimated), divisible (an ordinary heap).
SELECT c.oid AS relid, pg_relation_size(c.oid) / current_setting('block_size')::bigint AS pages,
       coalesce((SELECT sum(greatest(l.reltuples, 0))
                 FROM pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid WHERE p.isleaf),
                greatest(c.reltuples, 0))::bigint AS rows,
       c.relkind = 'r' AND am.amname = 'heap' AND current_setting('server_version_num')::int >= 140000 AS divisible
FROM pg_class c
LEFT JOIN pg_am am ON am.oid = c.relam
WHERE c.oid = ANY ($1::oid[])
