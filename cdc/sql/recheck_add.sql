-- Purpose:    Put keys on the list of those whose two rows are compared once both links have passed this point.
-- Parameters: $1 entity, $2 entity ids text[], $3 reason.
-- Result:     none. A key already on the list starts over.
INSERT INTO cdc.recheck AS r (entity, entity_id, reason, here_seen)
SELECT $1, x.entity_id, $3, pg_current_snapshot() FROM (SELECT DISTINCT unnest($2::text[]) AS entity_id) x
ON CONFLICT (entity, digest) DO UPDATE
SET reason = excluded.reason, here_seen = excluded.here_seen, here_image = NULL, there_seen = NULL, there_image = NULL
