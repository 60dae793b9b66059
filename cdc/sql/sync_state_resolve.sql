-- Purpose:    Close records' live entries with their decisions, or note a decision where this side had no entry, so
--             that changes still on their way here do not raise the conflict again.
-- Parameters: $1 source, $2 entity, then one element per record: $3 entity_id, $4 type, $5 base, $6 incoming,
--             $7 current, $8 merged (json texts or nulls), $9 resolution, $10 resolved_by, $11 reason, $12 whether the
--             other side is yet to be given the row; $13 what the source had done: settled by the decisions.
-- Result:     none. Entries are looked up one by one and updated by id, in a form that leaves no other plan: one made
--             while the table was small would go through all of them for each.
WITH item AS MATERIALIZED (
    SELECT i.*, l.id
    FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::text[], $12::boolean[])
         AS i (entity_id, type, base, incoming, current, merged, resolution, resolved_by, reason, unfinished)
    LEFT JOIN LATERAL (
        SELECT s.id FROM cdc.sync_state s
        WHERE s.entity = $2 AND s.entity_id = i.entity_id AND s.status IN ('DEFERRED', 'OPEN') OFFSET 0
    ) l ON true
), closed AS (
    UPDATE cdc.sync_state s
    SET status = 'RESOLVED', incoming = i.incoming::json, current = i.current::json, merged = i.merged::json,
        resolution = i.resolution, resolved_by = i.resolved_by, reason = i.reason, resolved_at = clock_timestamp(),
        updated_at = clock_timestamp(), next_try_at = NULL, subsumed = $13::text::pg_snapshot,
        unfinished = i.unfinished, version = s.version + 1
    FROM item i
    WHERE s.id = ANY (ARRAY[i.id]) AND s.status || '' IN ('DEFERRED', 'OPEN')
    RETURNING s.entity_id
)
INSERT INTO cdc.sync_state (source, entity, entity_id, type, status, base, incoming, current, merged, resolution,
                            resolved_by, reason, resolved_at, subsumed, unfinished)
SELECT $1, $2, i.entity_id, i.type, 'RESOLVED', i.base::json, i.incoming::json, i.current::json, i.merged::json,
       i.resolution, i.resolved_by, i.reason, clock_timestamp(), $13::text::pg_snapshot, i.unfinished
FROM item i WHERE i.entity_id NOT IN (SELECT c.entity_id FROM closed c)
