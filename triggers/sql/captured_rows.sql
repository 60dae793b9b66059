-- Purpose:    What cdc.captured_table says, beside what the tables are called now.
-- Parameters: none.
-- Result:     id, relid, schema_name, table_name, key_columns as stored; now_schema and now_table as they are (null: gone).
SELECT t.id, t.relid, t.schema_name, t.table_name, t.key_columns,
       n.nspname::text AS now_schema, c.relname::text AS now_table
FROM cdc.captured_table AS t
LEFT JOIN pg_class AS c ON c.oid = t.relid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY t.id
