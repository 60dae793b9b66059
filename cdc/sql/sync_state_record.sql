-- Purpose:    Keep a change that was not applied, or refresh the live entry of its key: the base stays what it
--             was when the conflict arose, the rest is what is known now.
-- Parameters: $1 source, $2 entity, $3 entity_id, $4 type, $5 status, $6 constraint, $7 error, $8 base,
--             $9 incoming, $10 current (json texts), $11 resolution, $12 resolved_by, $13 reason; $14 whether a
--             change that ends where a put-off entry starts, and not the other way, belongs before it; $15 reached
--             (json text), kept from the first change on; $16 whether the table's policy is to be asked.
-- Result:     id, and whether the entry is new.
INSERT INTO cdc.sync_state AS s
    (source, entity, entity_id, type, status, constraint_name, error, base, incoming, current,
     resolution, resolved_by, reason, resolved_at, next_try_at, reached, automatic)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::json, $9::text::json, $10::text::json, $11, $12, $13,
        CASE WHEN $5 = 'RESOLVED' THEN clock_timestamp() END,
        CASE WHEN $5 = 'DEFERRED' THEN clock_timestamp() END, $15::text::json, $16)
ON CONFLICT (entity, entity_id) WHERE status IN ('DEFERRED', 'OPEN') DO UPDATE
SET type = excluded.type, constraint_name = excluded.constraint_name, error = excluded.error,
    status = CASE WHEN s.status = 'OPEN' THEN 'OPEN' ELSE excluded.status END,
    base = CASE WHEN $14::boolean AND s.status = 'DEFERRED' AND s.incoming::text IS DISTINCT FROM excluded.base::text
                     AND s.base::text IS NOT DISTINCT FROM excluded.incoming::text THEN excluded.base ELSE s.base END,
    incoming = CASE WHEN $14::boolean AND s.status = 'DEFERRED' AND s.incoming::text IS DISTINCT FROM excluded.base::text
                         AND s.base::text IS NOT DISTINCT FROM excluded.incoming::text
                    THEN s.incoming ELSE excluded.incoming END,
    current = excluded.current, reached = coalesce(s.reached, excluded.reached),
    automatic = excluded.automatic OR s.automatic,
    next_try_at = excluded.next_try_at, updated_at = clock_timestamp(), version = s.version + 1
RETURNING id, version = 1 AS is_new
