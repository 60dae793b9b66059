-- Purpose:    Take its name from a row of cdc.captured_table, so that names can be exchanged between rows.
-- Parameters: $1 ids, int[].
-- Result:     the rows bear their number instead.
UPDATE cdc.captured_table SET schema_name = '', table_name = id::text WHERE id = ANY ($1)
