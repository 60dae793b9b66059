-- Purpose:    Let a table go on with its link: it has caught up.
-- Parameters: $1 source, $2 entity.
-- Result:     none.
DELETE FROM cdc.position WHERE source = $1 AND entity = $2 AND entity <> ''
