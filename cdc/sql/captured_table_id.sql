-- Purpose:    This side's own number of a table in its changelog.
-- Parameters: $1 schema, $2 table.
-- Result:     id; none where the table is not captured here.
SELECT id FROM cdc.captured_table WHERE schema_name = $1 AND table_name = $2
