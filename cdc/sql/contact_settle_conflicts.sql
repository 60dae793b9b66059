-- Purpose:    Close what is open here, because both sides were just made equal.
-- Parameters: $1 the side whose rows count, null where both had the same; $2 who; $3 why.
-- Result:     none.
UPDATE cdc.sync_state s
SET status = CASE WHEN $1::text IS NULL THEN 'CONVERGED' ELSE 'RESOLVED' END, resolution = $1::text,
    resolved_by = $2, reason = $3, resolved_at = clock_timestamp(), updated_at = clock_timestamp(),
    version = s.version + 1, next_try_at = NULL
WHERE s.status IN ('OPEN', 'DEFERRED')
