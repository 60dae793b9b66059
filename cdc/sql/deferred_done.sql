-- Purpose:    End entries that could be applied: put-off ones disappear, conflicts are kept as CONVERGED.
-- Parameters: one element per entry: $1 ids bigint[], $2 versions int[]; one that has another version by now is left.
-- Result:     entity, entity_id of each that was ended. The form leaves one plan, see sync_state_resolve.sql.
WITH item AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::int[]) AS i (id, version)
), gone AS (
    DELETE FROM cdc.sync_state s USING item i
    WHERE s.id = ANY (ARRAY[i.id]) AND s.version = i.version AND s.status || '' = 'DEFERRED'
    RETURNING s.entity, s.entity_id
), ended AS (
    UPDATE cdc.sync_state s
    SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
        reason = 'applied once what stood in its way had changed'
    FROM item i
    WHERE s.id = ANY (ARRAY[i.id]) AND s.version = i.version AND s.status || '' = 'OPEN'
    RETURNING s.entity, s.entity_id
)
SELECT entity, entity_id FROM gone UNION ALL SELECT entity, entity_id FROM ended
