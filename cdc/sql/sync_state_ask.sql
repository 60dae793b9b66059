-- Purpose:    Open conflicts that their table's policy has not been asked about yet, as they are now.
-- Parameters: $1 entities text[], $2 the mark of each one's policy text[]; $3 most rows wanted.
-- Result:     entity, entity_id; the oldest first.
SELECT s.entity, s.entity_id
FROM cdc.sync_state s
JOIN unnest($1::text[], $2::text[]) AS p (entity, mark) ON p.entity = s.entity
WHERE s.status = 'OPEN' AND s.automatic AND s.asked IS DISTINCT FROM s.version || ' ' || p.mark
ORDER BY s.id LIMIT $3
