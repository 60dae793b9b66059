-- Purpose:    When the next entry is due to be tried again.
-- Parameters: $1 source, $2 tables that are held, text[]: theirs wait.
-- Result:     one value: seconds from now, not below zero; no row when there is none. One look-up per status: each
--             ends at the first entry of its index.
SELECT greatest(extract(epoch FROM min(e.next_try_at) - clock_timestamp()), 0)::float8
FROM (
    (SELECT next_try_at FROM cdc.sync_state
     WHERE source = $1 AND status = 'DEFERRED' AND next_try_at IS NOT NULL AND entity <> ALL ($2::text[])
     ORDER BY next_try_at LIMIT 1)
    UNION ALL
    (SELECT next_try_at FROM cdc.sync_state
     WHERE source = $1 AND status = 'OPEN' AND next_try_at IS NOT NULL AND entity <> ALL ($2::text[])
     ORDER BY next_try_at LIMIT 1)
) e
HAVING count(*) > 0
