-- Purpose:    Make a conflict of an entry that waited for its row: the other side waits for this one's likewise.
-- Parameters: $1 id, $2 type, $3 error, $4 incoming and $5 current (json texts or null), $6 whether the table's policy is
--             to be asked.
-- Result:     none.
UPDATE cdc.sync_state
SET status = 'OPEN', type = $2, error = $3, incoming = $4::text::json, current = $5::text::json, automatic = $6,
    subsumed = NULL, next_try_at = NULL, updated_at = clock_timestamp(), version = version + 1
WHERE id = $1
