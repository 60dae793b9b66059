-- Purpose:    Write down what a captured table is called now and what identifies its rows.
-- Parameters: $1 id int, $2 relid oid, $3 schema, $4 table, $5 key columns text[].
-- Result:     one changed row.
UPDATE cdc.captured_table SET relid = $2, schema_name = $3, table_name = $4, key_columns = $5 WHERE id = $1
