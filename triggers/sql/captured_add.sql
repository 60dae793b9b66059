-- Purpose:    Number a table that is captured from now on.
-- Parameters: $1 relid oid, $2 schema, $3 table, $4 key columns text[].
-- Result:     its id.
INSERT INTO cdc.captured_table (relid, schema_name, table_name, key_columns) VALUES ($1, $2, $3, $4) RETURNING id
