-- Purpose:    Tables with triggers of the user's own that would fire for copied rows.
-- Parameters: $1 oids of tables; $2 whether the replica role is set.
-- Result:     table_name, trigger_name.
SELECT c.relname::text AS table_name, tg.tgname::text AS trigger_name
FROM pg_trigger tg
JOIN pg_class c ON c.oid = tg.tgrelid
JOIN pg_proc p ON p.oid = tg.tgfoid
JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE tg.tgrelid IN (SELECT l.relid FROM unnest($1::oid[]) AS r (relid)
                     CROSS JOIN LATERAL (SELECT r.relid UNION SELECT t.relid FROM pg_partition_tree(r.relid) t) l)
  AND NOT tg.tgisinternal AND pn.nspname <> 'cdc'
  AND tg.tgenabled = ANY (CASE WHEN $2 THEN ARRAY['A', 'R'] ELSE ARRAY['A', 'O'] END::"char"[])
  AND tg.tgtype::int & 4 <> 0
ORDER BY 1, 2
