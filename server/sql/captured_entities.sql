-- Purpose:    The tables that are captured here, as people name them.
-- Parameters: none.
-- Result:     entity: the bare name in schema public, else schema.table.
SELECT CASE WHEN t.schema_name = 'public' THEN t.table_name ELSE t.schema_name || '.' || t.table_name END AS entity
FROM cdc.captured_table t
ORDER BY 1
