-- Purpose:    Have both rows of all keys that a comparison found different compared once more, when both links have
--             passed this point.
-- Parameters: $1 entity, $2 reason; {entity_id} of d; {difference}.
-- Result:     how many. A key already on the list starts over.
WITH added AS (
    INSERT INTO cdc.recheck AS r (entity, entity_id, reason, here_seen)
    SELECT $1, {entity_id}, $2, pg_current_snapshot() FROM {difference} AS d
    ON CONFLICT (entity, digest) DO UPDATE
    SET reason = excluded.reason, here_seen = excluded.here_seen, here_image = NULL, there_seen = NULL, there_image = NULL
    RETURNING 1
)
SELECT count(*) FROM added
