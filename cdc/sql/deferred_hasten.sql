-- Purpose:    Have conflicts that may end by themselves tried at once: what refused them may be gone.
-- Parameters: none.
-- Result:     one value: how many.
WITH hastened AS (
    UPDATE cdc.sync_state SET next_try_at = clock_timestamp()
    WHERE status = 'OPEN' AND next_try_at IS NOT NULL
    RETURNING 1
)
SELECT count(*) FROM hastened
