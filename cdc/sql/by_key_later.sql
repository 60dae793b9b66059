-- Purpose:    Have a row fetched a little later.
-- Parameters: $1 id, $2 error, $3 seconds until then, $4 version: where it has another by now, or was decided, it is left.
-- Result:     none.
UPDATE cdc.sync_state
SET error = CASE WHEN status = 'OPEN' THEN error ELSE $2 END, tries = tries + 1,
    next_try_at = clock_timestamp() + make_interval(secs => $3), updated_at = clock_timestamp()
WHERE id = $1 AND version = $4 AND status IN ('DEFERRED', 'OPEN')
