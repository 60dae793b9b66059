-- Purpose:    Decisions that this side has and the other one may lack, because somebody died in between.
-- Parameters: $1 most rows wanted; $2 bytes of rows after which no more are wanted.
-- Result:     entity, entity_id, current and incoming (this and the other side's row when it was decided, json texts),
--             subsumed (what that side had done then, text), resolved_by, resolution, reason; the oldest first.
SELECT entity, entity_id, current, incoming, subsumed, resolved_by, resolution, reason
FROM (
    SELECT s.*, coalesce(sum(octet_length(concat(current, incoming)))
                             OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
    FROM (SELECT id, entity, entity_id, current::text AS current, incoming::text AS incoming,
                 subsumed::text AS subsumed, resolved_by, resolution, reason
          FROM cdc.sync_state WHERE unfinished ORDER BY id LIMIT $1) s
) s
WHERE bytes_before < $2
ORDER BY id
