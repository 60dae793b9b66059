-- Purpose:    Foreign keys between tables, with the operators the server itself compares by.
-- Parameters: $1 schemas, text[].
-- Result:     one row per constraint: name, child and parent (schema, table), child_columns, parent_columns,
--             operators text[] (parent = child; of a period: they overlap), cascades (deleting a parent writes to the
--             child), deferrable, follows (updating one does), period (the last columns are ranges, and parents have to
--             cover the child's together).
-- Every new session plans this: small joins one in another take a fraction of the time that one large join takes.
WITH found AS MATERIALIZED (
    SELECT con.*, cn.nspname AS child_schema, cc.relname AS child_table,
           pn.nspname AS parent_schema, pc.relname AS parent_table
    FROM pg_constraint con
    JOIN pg_class cc ON cc.oid = con.conrelid
    JOIN pg_namespace cn ON cn.oid = cc.relnamespace
    JOIN pg_class pc ON pc.oid = con.confrelid
    JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    WHERE con.contype = 'f' AND con.conparentid = 0
      AND (cn.nspname = ANY ($1::text[]::name[]) OR pn.nspname = ANY ($1::text[]::name[]))
)
SELECT f.conname::text AS name, f.child_schema, f.child_table, f.parent_schema, f.parent_table,
       (SELECT array_agg(a.attname::text ORDER BY k.ord)
        FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, ord)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum) AS child_columns,
       (SELECT array_agg(a.attname::text ORDER BY k.ord)
        FROM unnest(f.confkey) WITH ORDINALITY AS k (attnum, ord)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum) AS parent_columns,
       (SELECT array_agg(quote_ident(n.nspname) || '.' || o.oprname ORDER BY k.ord)
        FROM unnest(f.conpfeqop) WITH ORDINALITY AS k (op, ord)
        JOIN pg_operator o ON o.oid = k.op
        JOIN pg_namespace n ON n.oid = o.oprnamespace) AS operators,
       f.confdeltype IN ('c', 'n', 'd') AS cascades, f.condeferrable AS deferrable,
       f.confupdtype IN ('c', 'n', 'd') AS follows,
       coalesce((to_jsonb(f) ->> 'conperiod')::boolean, false) AS period
FROM found f
ORDER BY f.conname, f.oid
