-- Purpose:    Give up what is kept under names that other tables have been given, or that are not synced any more.
-- Parameters: $1 names that tables were given, $2 those that tables were renamed from, text[]; $3 the reason.
-- Result:     none.
WITH names AS (
    SELECT unnest($1::text[]) AS name EXCEPT SELECT unnest($2::text[])
), listed AS (
    DELETE FROM cdc.recheck r USING names n WHERE r.entity = n.name
)
UPDATE cdc.sync_state s
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = $3
FROM names n WHERE s.entity = n.name AND s.status IN ('DEFERRED', 'OPEN')
