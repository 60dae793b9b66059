-- Purpose:    Sequences that feed columns (serial and identity) and that this role may move.
-- Parameters: $1 schemas, text[].
-- Result:     relid of the table, column_name, schema_name and sequence_name. Descending ones are left out.
SELECT d.refobjid AS relid, a.attname AS column_name, n.nspname AS schema_name, s.relname AS sequence_name
FROM pg_class s
JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass
                AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
JOIN pg_class c ON c.oid = d.refobjid
JOIN pg_namespace cn ON cn.oid = c.relnamespace
WHERE cn.nspname = ANY ($1) AND c.relkind IN ('r', 'p')
  -- The privilege function raises for anything else, and conditions have no order but in CASE.
  AND CASE WHEN s.relkind = 'S' THEN has_sequence_privilege(s.oid, 'USAGE')
           AND has_sequence_privilege(s.oid, 'SELECT') AND has_sequence_privilege(s.oid, 'UPDATE') ELSE false END
