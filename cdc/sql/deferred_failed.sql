-- Purpose:    Note that entries could not be applied again; what is not a lock becomes an open conflict.
-- Parameters: one element per entry: $1 ids bigint[], $2 types, $3 constraints, $4 errors, $5 seconds until the next
--             try float8[], $6 whether it is to be shown boolean[], $7 the records in its way (json texts or nulls).
-- Result:     none. The more conflicts wait, the less often each is tried: some twenty a second of all of them, so that
--             they never take the link's time. The form leaves one plan, see sync_state_resolve.sql.
UPDATE cdc.sync_state s
SET type = CASE WHEN i.shown OR s.status = 'DEFERRED' THEN i.type ELSE s.type END,
    constraint_name = CASE WHEN i.shown OR s.status = 'DEFERRED' THEN i.constraint_name ELSE s.constraint_name END,
    error = CASE WHEN i.shown OR s.status = 'DEFERRED' THEN i.error ELSE s.error END,
    related = CASE WHEN i.shown THEN i.related::json ELSE s.related END, tries = s.tries + 1,
    status = CASE WHEN i.shown THEN 'OPEN' ELSE s.status END,
    next_try_at = clock_timestamp()
        + make_interval(secs => greatest(i.pause, CASE WHEN i.shown THEN 0.05 * w.number ELSE 0 END)),
    updated_at = clock_timestamp()
FROM (SELECT count(*) AS number FROM cdc.sync_state o WHERE o.status = 'OPEN' AND o.next_try_at IS NOT NULL) w
CROSS JOIN unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::boolean[], $7::text[])
    AS i (id, type, constraint_name, error, pause, shown, related)
WHERE s.id = ANY (ARRAY[i.id])
