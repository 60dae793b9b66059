-- Purpose:    Note files that are not in the store any more, though nobody here removed them.
-- Parameters: $1 location, $2 names.
-- Result:     none.
UPDATE cdc.snapshot SET missing_at = clock_timestamp()
WHERE location = $1 AND name = ANY ($2::text[]) AND missing_at IS NULL
