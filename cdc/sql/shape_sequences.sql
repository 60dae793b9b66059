-- Purpose:    Sequences that feed columns and that this role may move: those of serial and identity columns, and any
--             that a column's default draws from, in partitions too.
-- Parameters: $1 schemas, text[].
-- Result:     relid of the table, column_name, schema_name, sequence_name; plain (the column holds the sequence's own
--             numbers, as numbers or as their text, and nothing is made of them).
WITH fed AS (
    SELECT d.objid AS sequence, d.refobjid AS relid, d.refobjsubid AS attnum, true AS plain
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND d.refobjsubid > 0
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum,
           pg_get_expr(f.adbin, f.adrelid) ~ '^\(*nextval\(''([^'']|'''')+''::regclass\)\)*(::[^(:)]+\)*)*$'
    FROM pg_depend d
    JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
)
SELECT t.relid, a.attname AS column_name, n.nspname AS schema_name, s.relname AS sequence_name,
       bool_and(x.plain) AS plain
FROM fed x
JOIN pg_class s ON s.oid = x.sequence
JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_attribute a ON a.attrelid = x.relid AND a.attnum = x.attnum
CROSS JOIN LATERAL (SELECT x.relid UNION SELECT pg_partition_root(x.relid)) t
JOIN pg_class c ON c.oid = t.relid
JOIN pg_namespace cn ON cn.oid = c.relnamespace
WHERE cn.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p')
  -- The privilege function raises for anything else, and conditions have no order but in CASE.
  AND CASE WHEN s.relkind = 'S' THEN has_sequence_privilege(s.oid, 'USAGE')
           AND has_sequence_privilege(s.oid, 'SELECT') AND has_sequence_privilege(s.oid, 'UPDATE') ELSE false END
GROUP BY t.relid, a.attname, n.nspname, s.relname
