-- Purpose:    Move a sequence.
-- Parameters: $1 its quoted name; $2 value; $3 is_called.
-- Result:     one row.
SELECT setval($1::text::regclass, $2::bigint, $3::boolean)
