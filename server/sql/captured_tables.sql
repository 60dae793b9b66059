-- Purpose:    The tables that are captured here.
-- Parameters: none.
-- Result:     entity as people name it, schema_name, table_name, key_columns, captured_at.
SELECT CASE WHEN t.schema_name = 'public' THEN t.table_name ELSE t.schema_name || '.' || t.table_name END AS entity,
       t.schema_name, t.table_name, t.key_columns, t.captured_at
FROM cdc.captured_table t
JOIN pg_class c ON c.oid = t.relid
ORDER BY 1
