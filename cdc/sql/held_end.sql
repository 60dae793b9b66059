-- Purpose:    Let a table go on with its link: it has caught up.
-- Parameters: $1 source, $2 the table's number there.
-- Result:     none.
DELETE FROM cdc.position WHERE source = $1 AND table_id = $2 AND entity <> ''
