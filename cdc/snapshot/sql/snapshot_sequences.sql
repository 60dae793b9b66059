-- Purpose:    The sequences of schemas that the user made, with the columns that they number.
-- Parameters: $1 schemas, text[].
-- Result:     schema_name, sequence_name, increment, forbidden (this role may not read it); owner_schema, owner_table
--             and owner_column, null where it belongs to none.
SELECT n.nspname AS schema_name, c.relname AS sequence_name, s.seqincrement AS increment,
       NOT has_sequence_privilege(c.oid, 'SELECT') AS forbidden,
       tn.nspname AS owner_schema, t.relname AS owner_table, a.attname AS owner_column
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                     AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
LEFT JOIN pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT 1 FROM pg_depend e
                  WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY n.nspname, c.relname
