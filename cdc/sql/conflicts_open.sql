-- Purpose:    Records of which this side holds an open conflict, a page at a time, in the order of records.
-- Parameters: $1 entity or null; $2 type or null; $3 and $4 the record to start after (entity, entity_id), or nulls;
--             $5 most rows wanted; $6 detected before, or null.
-- Result:     entity, entity_id. The index has the beginning of each id, which is in the same order.
SELECT entity, entity_id FROM cdc.sync_state
WHERE status = 'OPEN' AND ($1::text IS NULL OR entity = $1) AND ($2::text IS NULL OR type = $2)
  AND ($6::timestamptz IS NULL OR detected_at < $6)
  AND (entity COLLATE "C", left(entity_id, 200) COLLATE "C") >= (coalesce($3::text, ''), left(coalesce($4::text, ''), 200))
  AND (entity COLLATE "C", entity_id COLLATE "C") > (coalesce($3::text, ''), coalesce($4::text, ''))
ORDER BY entity COLLATE "C", left(entity_id, 200) COLLATE "C", entity_id COLLATE "C" LIMIT $5
