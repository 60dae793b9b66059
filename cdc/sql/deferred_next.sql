-- Purpose:    When the next entry is due to be tried again.
-- Parameters: $1 source, $2 tables that are held, text[]: theirs wait.
-- Result:     one value: seconds from now, not below zero; no row when there is none (greatest ignores a null).
SELECT greatest(extract(epoch FROM min(next_try_at) - clock_timestamp()), 0)::float8
FROM cdc.sync_state WHERE source = $1 AND status IN ('DEFERRED', 'OPEN') AND next_try_at IS NOT NULL
  AND entity <> ALL ($2::text[])
HAVING count(*) > 0
