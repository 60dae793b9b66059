-- Purpose:    Keep changes that were not applied, or refresh the live entries of their keys: the base stays what it
--             was when the conflict arose, the rest is what is known now.
-- Parameters: one element per entry, no key twice: $1 source, $2 entity, $3 entity_id, $4 type, $5 status,
--             $6 constraint, $7 error, $8 base, $9 incoming, $10 current (json texts), $11 resolution, $12 resolved_by,
--             $13 reason, $14 reached (json text), kept from the first change on, $15 whether the table's policy is to be
--             asked; $16 whether changes may come in another order than they were made: cdc.chain_on puts them where they
--             belong in a put-off entry.
-- Result:     none.
INSERT INTO cdc.sync_state AS s
    (source, entity, entity_id, type, status, constraint_name, error, base, incoming, current,
     resolution, resolved_by, reason, resolved_at, next_try_at, reached, automatic)
SELECT x.source, x.entity, x.entity_id, x.type, x.status, x.constraint_name, x.error, x.base::json, x.incoming::json,
       x.current::json, x.resolution, x.resolved_by, x.reason,
       CASE WHEN x.status = 'RESOLVED' THEN clock_timestamp() END,
       CASE WHEN x.status = 'DEFERRED' THEN clock_timestamp() END, x.reached::json, x.automatic
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[])
     AS x (source, entity, entity_id, type, status, constraint_name, error, base, incoming, current, resolution,
           resolved_by, reason, reached, automatic)
ON CONFLICT (entity, digest) WHERE status IN ('DEFERRED', 'OPEN') DO UPDATE
SET type = excluded.type, constraint_name = excluded.constraint_name, error = excluded.error,
    status = CASE WHEN s.status = 'OPEN' THEN 'OPEN' ELSE excluded.status END,
    (base, incoming, gap) = (
        SELECT c.base::json, c.incoming::json, c.gap
        FROM cdc.chain_on(s.base::text, s.incoming::text, s.gap, excluded.base::text, excluded.incoming::text) c
        WHERE $16::boolean AND s.status = 'DEFERRED'
        UNION ALL
        SELECT s.base, excluded.incoming, NULL WHERE NOT ($16::boolean AND s.status = 'DEFERRED')),
    related = CASE WHEN s.status = 'OPEN' THEN s.related END,
    current = excluded.current, reached = coalesce(s.reached, excluded.reached),
    automatic = excluded.automatic OR s.automatic,
    resolution = CASE WHEN s.status = 'OPEN' THEN s.resolution ELSE excluded.resolution END,
    resolved_by = CASE WHEN s.status = 'OPEN' THEN s.resolved_by ELSE excluded.resolved_by END,
    resolved_at = CASE WHEN s.status = 'OPEN' THEN s.resolved_at ELSE excluded.resolved_at END,
    reason = CASE WHEN excluded.status = 'RESOLVED' AND s.status <> 'OPEN' THEN excluded.reason ELSE s.reason END,
    next_try_at = excluded.next_try_at, updated_at = clock_timestamp(), version = s.version + 1
