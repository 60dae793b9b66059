-- Purpose:    Which of the rows waited for are here, and their age.
-- Parameters: $1 ids, $2 the mark that was written.
-- Result:     id, milliseconds since the clock_timestamp() that was written; rows still unchanged are left out.

SELECT id, extract(epoch FROM clock_timestamp() - updated_at)::float8 * 1000 AS ms
FROM public.accounts
WHERE id = ANY ($1::bigint[]) AND profile ->> 'mark' = $2::text;
