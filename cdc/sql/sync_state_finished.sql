-- Purpose:    Note that the other side has been given the decided rows too.
-- Parameters: $1 entity, $2 entity ids text[].
-- Result:     none.
UPDATE cdc.sync_state SET unfinished = false WHERE unfinished AND entity = $1 AND entity_id = ANY ($2::text[])
