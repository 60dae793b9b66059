-- Purpose:    Have both rows of records that wait here compared anew: one of the rows was just restored.
-- Parameters: $1 entities, text[]; $2 reason.
-- Result:     none. A key already on the list starts over.
INSERT INTO cdc.recheck AS r (entity, entity_id, reason, here_seen)
SELECT s.entity, s.entity_id, $2, pg_current_snapshot()
FROM cdc.sync_state s WHERE s.status IN ('OPEN', 'DEFERRED') AND s.entity = ANY ($1::text[])
ON CONFLICT (entity, digest) DO UPDATE
SET reason = excluded.reason, here_seen = excluded.here_seen, here_image = NULL, there_seen = NULL, there_image = NULL
