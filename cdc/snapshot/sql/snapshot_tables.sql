-- Purpose:    The tables whose rows a snapshot file holds: ordinary ones and roots of partition trees. A partition
--             counts where its root lies in no schema asked for. What belongs to an extension does not.
-- Parameters: $1 schemas, text[].
-- Result:     relid, schema_name, table_name, rows (estimated, all partitions), pages (of its own file), divisible (an
--             ordinary heap that can be read by pages), partitioned, forbidden (this role may not read it), hidden (row-level
--             security would hide rows from this role).
SELECT c.oid AS relid, n.nspname AS schema_name, c.relname AS table_name,
       coalesce((SELECT sum(greatest(l.reltuples, 0))
                 FROM pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid WHERE p.isleaf),
                greatest(c.reltuples, 0))::bigint AS rows,
       pg_relation_size(c.oid) / current_setting('block_size')::bigint AS pages,
       c.relkind = 'r' AND am.amname = 'heap' AND current_setting('server_version_num')::int >= 140000 AS divisible,
       c.relkind = 'p' AS partitioned, NOT has_table_privilege(c.oid, 'SELECT') AS forbidden, row_security_active(c.oid) AS hidden
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am am ON am.oid = c.relam
WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND (NOT c.relispartition
       OR NOT EXISTS (SELECT 1 FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
                      WHERE r.oid = pg_partition_root(c.oid) AND rn.nspname = ANY ($1)))
  AND NOT EXISTS (SELECT 1 FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
