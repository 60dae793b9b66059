-- Purpose:    Keys to be compared on both sides.
-- Parameters: $1 most rows wanted; $2 tables to leave out, text[].
-- Result:     entity, entity_id, here_seen, here_image, there_seen, there_image; the longest waiting first.
SELECT entity, entity_id, reason, here_seen::text AS here_seen, here_image, there_seen::text AS there_seen, there_image
FROM cdc.recheck WHERE entity <> ALL ($2::text[]) ORDER BY compared, added_at LIMIT $1
