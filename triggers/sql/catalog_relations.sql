-- Purpose:    Every table in the wanted schemas, with what decides whether and how it can be captured.
-- Parameters: $1 schemas, text[].
-- Result:     one row per table or partition, parents before children: relid, root (null: a partition whose root lies in
--             a schema that is not wanted), schema_name, table_name, kind (r, p, f), persistence, owner, owned (we may
--             alter it), extension, is_parent and parents (classic inheritance), hidden (row-level security would
--             hide rows from us), key_columns and key_immediate,
--             triggers (those that call a function in schema cdc, each as one line of text).
WITH RECURSIVE tree AS (
    SELECT c.oid AS relid, c.oid AS root, 0 AS depth
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
    UNION ALL
    SELECT i.inhrelid, t.root, t.depth + 1
    FROM tree AS t
    JOIN pg_inherits AS i ON i.inhparent = t.relid
    JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
), wanted AS (
    SELECT relid, root, depth FROM tree
    UNION ALL
    SELECT c.oid, NULL, 0
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p', 'f') AND c.relispartition
      AND c.oid NOT IN (SELECT relid FROM tree)
), key AS (
    SELECT DISTINCT ON (i.indrelid) i.indrelid AS relid, i.indisprimary, i.indimmediate,
           ARRAY(SELECT a.attname::text
                 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                 JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                 WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS columns
    FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT relid FROM wanted)
      AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                      WHERE k.place <= i.indnkeyatts AND NOT a.attnotnull)
    ORDER BY i.indrelid, i.indisprimary DESC, i.indimmediate DESC, i.indnkeyatts, x.relname
)
SELECT c.oid AS relid, w.root, n.nspname::text AS schema_name, c.relname::text AS table_name,
       c.relkind::text AS kind, c.relpersistence::text AS persistence,
       pg_get_userbyid(c.relowner)::text AS owner, pg_has_role(c.relowner, 'USAGE') AS owned,
       (SELECT e.extname::text
        FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
          AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') AS extension,
       c.relkind <> 'p' AND EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) AS is_parent,
       ARRAY(SELECT i.inhparent::regclass::text FROM pg_inherits AS i
             WHERE i.inhrelid = c.oid AND NOT c.relispartition ORDER BY i.inhseqno) AS parents,
       row_security_active(c.oid) AS hidden,
       coalesce(k.columns, '{}') AS key_columns, coalesce(k.indimmediate, true) AS key_immediate,
       ARRAY(SELECT concat_ws(' ', p.proname, t.tgenabled, left(encode(t.tgargs, 'escape'), -4), t.tgtype,
                              t.tgqual IS NULL, t.tgname)
             FROM pg_trigger AS t
             JOIN pg_proc AS p ON p.oid = t.tgfoid
             JOIN pg_namespace AS pn ON pn.oid = p.pronamespace
             WHERE t.tgrelid = c.oid AND pn.nspname = 'cdc' AND NOT t.tgisinternal ORDER BY t.tgname) AS triggers
FROM wanted AS w
JOIN pg_class AS c ON c.oid = w.relid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN key AS k ON k.relid = c.oid
ORDER BY n.nspname, c.relname, w.depth
