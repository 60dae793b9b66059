-- Purpose:    Put keys off until their rows are fetched; what else is on its way of them is passed over meanwhile.
-- Parameters: $1 source, $2 entity, $3 entity ids text[], $4 error.
-- Result:     entity_id of those that are in an open conflict: these stay as they are, one version on.
WITH item AS (
    SELECT x.entity_id, s.id FROM unnest($3::text[]) AS x (entity_id)
    LEFT JOIN cdc.sync_state s ON s.entity = $2 AND s.entity_id = x.entity_id AND s.status = 'OPEN' AND s.subsumed IS NULL
), noted AS (
    UPDATE cdc.sync_state s SET version = s.version + 1, updated_at = clock_timestamp()
    FROM item i WHERE s.id = i.id
), kept AS (
    INSERT INTO cdc.sync_state AS s (source, entity, entity_id, type, status, error, next_try_at, subsumed)
    SELECT $1, $2, i.entity_id, 'REJECTED', 'DEFERRED', $4, clock_timestamp(), pg_snapshot '1:1:'
    FROM item i WHERE i.id IS NULL
    ON CONFLICT (entity, digest) WHERE status IN ('DEFERRED', 'OPEN') DO UPDATE
    SET subsumed = excluded.subsumed, base = NULL, incoming = NULL, reached = NULL, next_try_at = excluded.next_try_at,
        error = CASE WHEN s.status = 'OPEN' THEN s.error ELSE excluded.error END,
        updated_at = clock_timestamp(), version = s.version + 1
)
SELECT entity_id FROM item WHERE id IS NOT NULL
