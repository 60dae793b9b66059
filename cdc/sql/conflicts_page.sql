-- Purpose:    One side's entries, a page at a time, in the order of their records.
-- Parameters: $1 statuses text[]; $2 entity or null; $3 type or null; $4 and $5 the record to start after
--             (entity, entity_id), or nulls; $6 most rows wanted; $7 detected before, or null.
-- Result:     source, entity, entity_id, type, status, constraint_name, error, base, incoming, current,
--             detected_at, updated_at, version, resolution, resolved_by, resolved_at, reason, related, merged. Of a
--             record's entries the newest.
SELECT * FROM (
    SELECT DISTINCT ON (entity COLLATE "C", entity_id COLLATE "C")
           id, source, entity, entity_id, type, status, constraint_name, error,
           base::text AS base, incoming::text AS incoming, current::text AS current,
           detected_at, updated_at, version, resolution, resolved_by, resolved_at, reason,
           related::text AS related, merged::text AS merged
    FROM cdc.sync_state
    WHERE status = ANY ($1::text[]) AND ($2::text IS NULL OR entity = $2) AND ($3::text IS NULL OR type = $3)
      AND ($7::timestamptz IS NULL OR detected_at < $7)
      AND ($4::text IS NULL OR (entity COLLATE "C", entity_id COLLATE "C") > ($4, $5))
    ORDER BY entity COLLATE "C", entity_id COLLATE "C", id DESC
) newest
ORDER BY entity COLLATE "C", entity_id COLLATE "C" LIMIT $6
