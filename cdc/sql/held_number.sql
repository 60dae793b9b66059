-- Purpose:    Give a table that was held by its name alone its number.
-- Parameters: $1 source, $2 entity, $3 the table's number at the source.
-- Result:     none.
UPDATE cdc.position SET table_id = $3 WHERE source = $1 AND entity = $2 AND entity <> '' AND table_id = 0
