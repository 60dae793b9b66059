-- Purpose:    Close a record's live entry with a decision, or note the decision where this side had no entry, so
--             that changes still on their way here do not raise the conflict again.
-- Parameters: $1 source, $2 entity, $3 entity_id, $4 type, $5 incoming, $6 current (json texts or null),
--             $7 resolution, $8 resolved_by, $9 reason, $10 what the source had done: settled by this decision.
-- Result:     none.
WITH closed AS (
    UPDATE cdc.sync_state
    SET status = 'RESOLVED', incoming = $5::text::json, current = $6::text::json, resolution = $7,
        resolved_by = $8, reason = $9, resolved_at = clock_timestamp(), updated_at = clock_timestamp(),
        next_try_at = NULL, subsumed = $10::text::pg_snapshot, version = version + 1
    WHERE entity = $2 AND entity_id = $3 AND status IN ('DEFERRED', 'OPEN')
    RETURNING 1
)
INSERT INTO cdc.sync_state (source, entity, entity_id, type, status, incoming, current, resolution, resolved_by,
                            reason, resolved_at, subsumed)
SELECT $1, $2, $3, $4, 'RESOLVED', $5::text::json, $6::text::json, $7, $8, $9, clock_timestamp(),
       $10::text::pg_snapshot
WHERE NOT EXISTS (SELECT FROM closed)
