-- Purpose:    Have what some records stand in the way of tried at once: they have been decided.
-- Parameters: $1 entity of the records, $2 their entity ids text[].
-- Result:     none. What somebody holds keeps its time. The form leaves one plan: the ids are joined once, not looked
--             through for each entry.
WITH decided AS MATERIALIZED (
    SELECT DISTINCT x.entity_id FROM unnest($2::text[]) AS x (entity_id)
), behind AS MATERIALIZED (
    SELECT DISTINCT s.id
    FROM cdc.sync_state s
    CROSS JOIN LATERAL json_array_elements(s.related) n
    JOIN decided d ON d.entity_id = n ->> 'entityId'
    WHERE s.status IN ('DEFERRED', 'OPEN') AND s.next_try_at IS NOT NULL AND n ->> 'entity' = $1
), wanted AS (
    SELECT s.id FROM cdc.sync_state s
    WHERE s.id = ANY (ARRAY(SELECT b.id FROM behind b)) AND s.status IN ('DEFERRED', 'OPEN') AND s.next_try_at IS NOT NULL
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE cdc.sync_state s SET next_try_at = clock_timestamp() FROM wanted w WHERE s.id = w.id
