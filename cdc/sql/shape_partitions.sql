-- Purpose:    The partitions that hold a partitioned table's rows.
-- Parameters: $1 schemas, text[].
-- Result:     relid of the table; schema_name and table_name of each leaf.
SELECT c.oid AS relid, ln.nspname AS schema_name, l.relname AS table_name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_partition_tree(c.oid) p
JOIN pg_class l ON l.oid = p.relid
JOIN pg_namespace ln ON ln.oid = l.relnamespace
WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind = 'p' AND NOT c.relispartition AND p.isleaf
