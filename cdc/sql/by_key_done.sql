-- Purpose:    End an entry whose row was fetched, or need not be: the changes up to that moment are settled.
-- Parameters: $1 id, $2 what the source had done when its row was read, text.
-- Result:     none. One that was never shown as a conflict disappears once those changes have passed.
UPDATE cdc.sync_state
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    subsumed = $2::text::pg_snapshot,
    reason = CASE WHEN status = 'OPEN' THEN 'applied once what stood in its way had changed' END
WHERE id = $1
