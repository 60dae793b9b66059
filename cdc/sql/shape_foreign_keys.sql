-- Purpose:    Foreign keys between tables, with the operators the server itself compares by.
-- Parameters: $1 schemas, text[].
-- Result:     one row per constraint: name, child and parent (schema, table), child_columns, parent_columns,
--             operators text[] (parent = child), cascades (deleting or updating a parent writes to the child), deferrable.
SELECT con.conname::text AS name,
       cn.nspname AS child_schema, cc.relname AS child_table,
       pn.nspname AS parent_schema, pc.relname AS parent_table,
       array_agg(ca.attname::text ORDER BY k.ord) AS child_columns,
       array_agg(pa.attname::text ORDER BY k.ord) AS parent_columns,
       array_agg(quote_ident(ons.nspname) || '.' || o.oprname ORDER BY k.ord) AS operators,
       con.confdeltype IN ('c', 'n', 'd') AS cascades, con.condeferrable AS deferrable
FROM pg_constraint con
JOIN pg_class cc ON cc.oid = con.conrelid
JOIN pg_namespace cn ON cn.oid = cc.relnamespace
JOIN pg_class pc ON pc.oid = con.confrelid
JOIN pg_namespace pn ON pn.oid = pc.relnamespace
CROSS JOIN LATERAL unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS k (child, parent, op, ord)
JOIN pg_attribute ca ON ca.attrelid = con.conrelid AND ca.attnum = k.child
JOIN pg_attribute pa ON pa.attrelid = con.confrelid AND pa.attnum = k.parent
JOIN pg_operator o ON o.oid = k.op
JOIN pg_namespace ons ON ons.oid = o.oprnamespace
WHERE con.contype = 'f' AND con.conparentid = 0 AND (cn.nspname = ANY ($1) OR pn.nspname = ANY ($1))
GROUP BY con.oid, con.conname, con.confdeltype, con.condeferrable, cn.nspname, cc.relname, pn.nspname, pc.relname
ORDER BY con.conname, con.oid
