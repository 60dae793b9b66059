-- Purpose:    The sequences of schemas that the user made, and what each of them counts by.
-- Parameters: $1 schemas, text[].
-- Result:     schema_name, sequence_name, increment.
SELECT n.nspname AS schema_name, c.relname AS sequence_name, s.seqincrement AS increment
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]::name[])
  AND NOT EXISTS (SELECT 1 FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
