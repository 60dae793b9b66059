-- Purpose:    Remember what a table looks like on both sides now that they agree.
-- Parameters: $1 entity, '' to say that definitions are kept; $2 JSON text.
-- Result:     none.
INSERT INTO cdc.definition AS d (entity, known) VALUES ($1, $2::text::json)
ON CONFLICT (entity) DO UPDATE SET known = excluded.known, noted_at = clock_timestamp()
