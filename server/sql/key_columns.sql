-- Purpose:    How many columns the key of a captured table has.
-- Parameters: $1 the table as people name it.
-- Result:     a number; no row where it is not captured.
SELECT coalesce(cardinality(t.key_columns), 0)
FROM cdc.captured_table t
WHERE $1 = CASE WHEN t.schema_name = 'public' THEN t.table_name ELSE t.schema_name || '.' || t.table_name END
