-- Purpose:    Note that an entry could not be applied again; what is not a lock becomes an open conflict.
-- Parameters: $1 id, $2 type, $3 constraint, $4 error, $5 seconds until the next try, $6 whether it is to be shown,
--             $7 the records in its way (json text or null).
-- Result:     none. The more conflicts wait, the less often each is tried, so that they never take the link's time.
UPDATE cdc.sync_state
SET type = CASE WHEN $6 OR status = 'DEFERRED' THEN $2 ELSE type END,
    constraint_name = CASE WHEN $6 OR status = 'DEFERRED' THEN $3 ELSE constraint_name END,
    error = CASE WHEN $6 OR status = 'DEFERRED' THEN $4 ELSE error END,
    related = CASE WHEN $6 THEN $7::text::json ELSE related END, tries = tries + 1,
    status = CASE WHEN $6 THEN 'OPEN' ELSE status END,
    next_try_at = clock_timestamp() + make_interval(secs => greatest($5, CASE WHEN $6 THEN 0.02 * (
        SELECT count(*) FROM cdc.sync_state o WHERE o.status = 'OPEN' AND o.next_try_at IS NOT NULL) ELSE 0 END)), updated_at = clock_timestamp()
WHERE id = $1
