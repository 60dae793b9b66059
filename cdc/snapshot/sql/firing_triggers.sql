-- Purpose:    People's own triggers that would fire for restored rows.
-- Parameters: $1 oids of tables; $2 whether the session works as a replica.
-- Result:     schema_name, table_name (a partition's, where it is one's), trigger_name, mode ("char" of tgenabled),
--             owned (this role may alter the table).
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name, g.tgname::text AS trigger_name, g.tgenabled::text AS mode,
       pg_has_role(c.relowner, 'USAGE') AS owned
FROM pg_trigger g
JOIN pg_class c ON c.oid = g.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = g.tgfoid
JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE g.tgrelid IN (SELECT l.relid FROM unnest($1::oid[]) AS r (relid)
                    CROSS JOIN LATERAL (SELECT r.relid UNION SELECT t.relid FROM pg_partition_tree(r.relid) t) l)
  AND NOT g.tgisinternal AND pn.nspname <> 'cdc'
  AND g.tgenabled = ANY (CASE WHEN $2 THEN ARRAY['A', 'R'] ELSE ARRAY['A', 'O'] END::"char"[])
ORDER BY 1, 2, 3
