-- Purpose:    Tell whether a side has conflicts that may end by themselves.
-- Parameters: none.
-- Result:     boolean.
SELECT EXISTS (SELECT FROM cdc.sync_state WHERE status = 'OPEN' AND next_try_at IS NOT NULL)
