-- Purpose:    Put what names_away.sql took away under the new names.
-- Parameters: $1 the new names, text[].
-- Result:     none. What is put off, or may end by itself, waited for the name and is tried anew at once.
WITH names AS (
    SELECT unnest($1::text[]) AS name
), listed AS (
    UPDATE cdc.recheck r SET entity = n.name FROM names n WHERE r.entity = E'\n' || n.name
)
UPDATE cdc.sync_state s
SET entity = n.name, tries = CASE WHEN s.next_try_at IS NULL THEN s.tries ELSE 0 END,
    next_try_at = CASE WHEN s.next_try_at IS NOT NULL THEN clock_timestamp() END
FROM names n WHERE s.entity = E'\n' || n.name
