-- Purpose:    Have both rows of all open conflicts of a table compared once more, when both links have passed this point.
-- Parameters: $1 entity, $2 reason.
-- Result:     none. A key already on the list starts over.
INSERT INTO cdc.recheck AS r (entity, entity_id, reason, here_seen)
SELECT s.entity, s.entity_id, $2, pg_current_snapshot() FROM cdc.sync_state s
WHERE s.entity = $1 AND s.status = 'OPEN' GROUP BY s.entity, s.entity_id
ON CONFLICT (entity, digest) DO UPDATE
SET reason = excluded.reason, here_seen = excluded.here_seen, here_image = NULL, there_seen = NULL, there_image = NULL
