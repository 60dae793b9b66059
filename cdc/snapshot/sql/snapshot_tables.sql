-- Purpose:    The tables whose rows a snapshot file holds: ordinary ones and roots of partition trees. A partition
--             counts where its root lies in no schema asked for. What belongs to an extension does not. It waits for
--             no lock.
-- Parameters: $1 schemas, text[].
-- Result:     relid, schema_name, table_name, partitioned, forbidden (this role may not read it), hidden (row-level
--             security would hide rows from this role).
SELECT c.oid AS relid, n.nspname AS schema_name, c.relname AS table_name, c.relkind = 'p' AS partitioned,
       NOT has_table_privilege(c.oid, 'SELECT') AS forbidden, row_security_active(c.oid) AS hidden
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND (NOT c.relispartition
       OR NOT EXISTS (SELECT 1 FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
                      WHERE r.oid = pg_partition_root(c.oid) AND rn.nspname = ANY ($1::text[]::name[])))
  AND NOT EXISTS (SELECT 1 FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
