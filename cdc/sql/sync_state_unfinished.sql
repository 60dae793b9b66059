-- Purpose:    Decisions that this side has and the other one may lack, because somebody died in between.
-- Parameters: $1 most rows wanted.
-- Result:     entity, entity_id, incoming (the other side's row when it was decided, json text), subsumed (what that
--             side had done then, text), resolved_by, resolution, reason.
SELECT entity, entity_id, incoming::text AS incoming, subsumed::text AS subsumed, resolved_by, resolution, reason
FROM cdc.sync_state WHERE unfinished ORDER BY id LIMIT $1
