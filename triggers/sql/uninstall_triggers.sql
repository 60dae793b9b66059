-- Purpose:    Every relation in the database, whatever its schema, that bears triggers of ours.
-- Parameters: none.
-- Result:     relid, schema_name, table_name, trigger names.
SELECT c.oid AS relid, n.nspname::text AS schema_name, c.relname::text AS table_name,
       array_agg(t.tgname::text ORDER BY t.tgname) AS triggers
FROM pg_trigger AS t
JOIN pg_proc AS p ON p.oid = t.tgfoid
JOIN pg_namespace AS pn ON pn.oid = p.pronamespace AND pn.nspname = 'cdc'
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
GROUP BY c.oid, n.nspname, c.relname
ORDER BY n.nspname, c.relname
