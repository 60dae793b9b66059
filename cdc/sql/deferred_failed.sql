-- Purpose:    Note that entries could not be applied again; what is not a lock becomes an open conflict.
-- Parameters: one element per entry: $1 ids bigint[], $2 types, $3 constraints, $4 errors, $5 seconds until the next
--             try float8[], $6 whether it is to be shown boolean[], $7 the records in its way (json texts or nulls),
--             $8 versions int[]: one that has another version by now, or was decided, is left.
-- Result:     id of each that was noted. The longer a conflict waits, and the more of them do, the less often it is
--             tried: once a minute, or some ten a second of all; in whole seconds, so that they are tried together and
--             take little of the link's time. The form leaves one plan, see sync_state_resolve.sql.
UPDATE cdc.sync_state s
SET type = CASE WHEN i.shown OR s.status = 'DEFERRED' THEN i.type ELSE s.type END,
    constraint_name = CASE WHEN i.shown OR s.status = 'DEFERRED' THEN i.constraint_name ELSE s.constraint_name END,
    error = CASE WHEN i.shown OR s.status = 'DEFERRED' THEN i.error ELSE s.error END,
    related = CASE WHEN i.shown OR s.status = 'DEFERRED' THEN i.related::json ELSE s.related END, tries = s.tries + 1,
    status = CASE WHEN i.shown THEN 'OPEN' ELSE s.status END,
    next_try_at = CASE WHEN p.pause < 1 THEN clock_timestamp() + make_interval(secs => p.pause)
                       ELSE date_trunc('second', clock_timestamp()) + make_interval(secs => 1 + p.pause) END,
    updated_at = clock_timestamp()
FROM (SELECT count(*) AS number FROM cdc.sync_state o WHERE o.status = 'OPEN' AND o.next_try_at IS NOT NULL) w
CROSS JOIN unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::boolean[], $7::text[],
                  $8::int[]) AS i (id, type, constraint_name, error, pause, shown, related, version)
CROSS JOIN LATERAL (
    SELECT l.id, CASE WHEN i.shown
                      THEN greatest(i.pause, 0.1 * w.number,
                                    least(0.02 * extract(epoch FROM clock_timestamp() - l.detected_at), 60))
                      ELSE i.pause END AS pause
    FROM cdc.sync_state l WHERE l.id = i.id OFFSET 0
) p
WHERE s.id = ANY (ARRAY[p.id]) AND s.version = ANY (ARRAY[i.version]) AND s.status || '' IN ('DEFERRED', 'OPEN')
RETURNING s.id
