-- Purpose:    Open conflicts that their table's policy has not been asked about yet, as they are now.
-- Parameters: $1 entities text[], $2 the mark of each one's policy text[]; $3 most rows wanted of each.
-- Result:     entity, entity_id; a table's oldest first. So no table has the others wait whose conflicts cannot be
--             decided for now.
SELECT p.entity, s.entity_id
FROM unnest($1::text[], $2::text[]) AS p (entity, mark)
CROSS JOIN LATERAL (
    SELECT l.entity_id FROM cdc.sync_state l
    WHERE l.entity = p.entity AND l.status = 'OPEN' AND l.automatic
      AND l.asked IS DISTINCT FROM l.version || ' ' || p.mark
    ORDER BY l.id LIMIT $3
) s
