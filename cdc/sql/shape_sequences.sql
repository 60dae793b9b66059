-- Purpose:    Sequences that feed columns and that this role may move: those of serial and identity columns, and any
--             whose next number is a column's whole default.
-- Parameters: $1 schemas, text[].
-- Result:     relid of the table, column_name, schema_name and sequence_name. Descending ones are left out.
WITH fed AS (
    SELECT d.objid AS sequence, d.refobjid AS relid, d.refobjsubid AS attnum
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND d.refobjsubid > 0
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum
    FROM pg_depend d
    JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
      AND pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\(''[^'']*''::regclass\)$'
)
SELECT x.relid, a.attname AS column_name, n.nspname AS schema_name, s.relname AS sequence_name
FROM fed x
JOIN pg_class s ON s.oid = x.sequence
JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
JOIN pg_attribute a ON a.attrelid = x.relid AND a.attnum = x.attnum
JOIN pg_class c ON c.oid = x.relid
JOIN pg_namespace cn ON cn.oid = c.relnamespace
WHERE cn.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p')
  AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
  -- The privilege function raises for anything else, and conditions have no order but in CASE.
  AND CASE WHEN s.relkind = 'S' THEN has_sequence_privilege(s.oid, 'USAGE')
           AND has_sequence_privilege(s.oid, 'SELECT') AND has_sequence_privilege(s.oid, 'UPDATE') ELSE false END
