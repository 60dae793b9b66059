-- Purpose:    Have what some records stand in the way of tried at once: they have been decided.
-- Parameters: $1 entity of the records, $2 their entity ids text[].
-- Result:     none. What somebody holds keeps its time.
WITH wanted AS (
    SELECT s.id FROM cdc.sync_state s
    WHERE s.status IN ('DEFERRED', 'OPEN') AND s.next_try_at IS NOT NULL AND s.related IS NOT NULL
      AND EXISTS (SELECT FROM json_array_elements(s.related) n
                  WHERE n ->> 'entity' = $1 AND n ->> 'entityId' IN (SELECT unnest($2::text[])))
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE cdc.sync_state s SET next_try_at = clock_timestamp() FROM wanted w WHERE s.id = w.id
