-- Purpose:    Take a key off the list, unless it was put there anew meanwhile.
-- Parameters: $1 entity, $2 entity_id, $3 here_seen as read.
-- Result:     none.
DELETE FROM cdc.recheck WHERE entity = $1 AND entity_id = $2 AND here_seen::text = $3
