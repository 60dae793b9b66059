-- Purpose:    Keep versions of rows that first contact met, as conflicts open or closed.
-- Parameters: $1 source, $2 entity, $3 status, $4 resolution, $5 resolved_by, $6 reason; arrays, one item per row:
--             $7 entity ids, $8 types, $9 incoming, $10 current (json texts or nulls).
-- Result:     none.
INSERT INTO cdc.sync_state AS s
    (source, entity, entity_id, type, status, incoming, current, resolution, resolved_by, reason, resolved_at)
SELECT $1, $2, x.entity_id, x.type, $3, x.incoming::json, x.current::json, $4, $5, $6,
       CASE WHEN $3 = 'RESOLVED' THEN clock_timestamp() END
FROM unnest($7::text[], $8::text[], $9::text[], $10::text[]) AS x (entity_id, type, incoming, current)
ON CONFLICT (entity, digest) WHERE status IN ('DEFERRED', 'OPEN') DO UPDATE
SET source = excluded.source, type = excluded.type, status = excluded.status, incoming = excluded.incoming,
    current = excluded.current, constraint_name = NULL, error = NULL, updated_at = clock_timestamp(),
    version = s.version + 1
