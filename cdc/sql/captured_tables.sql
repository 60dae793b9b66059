-- Purpose:    Names and keys behind the numbers in the changelog.
-- Parameters: none.
-- Result:     id, schema_name, table_name, key_columns; names as they are now, a renamed table keeps its number.
SELECT t.id, coalesce(n.nspname, t.schema_name) AS schema_name, coalesce(c.relname, t.table_name) AS table_name,
       t.key_columns
FROM cdc.captured_table t
LEFT JOIN pg_class c ON c.oid = t.relid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
