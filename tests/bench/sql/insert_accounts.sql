-- Purpose:    Insert a range of accounts in one statement.
-- Parameters: $1 first id, $2 last id.
-- Result:     the rows; the same id gives the same bytes on every server.

INSERT INTO public.accounts (id, owner, balance, profile, updated_at)
SELECT n,
       'account holder ' || md5(n::text),
       (n * 37 % 1000000) / 100.0,
       jsonb_build_object(
           'address', jsonb_build_object('street', md5((n + 1)::text), 'number', n % 200),
           'tags', jsonb_build_array('a' || n % 5, 'b' || n % 13),
           'note', md5((n + 2)::text) || md5((n + 3)::text)),
       timestamptz '2026-01-01 00:00:00+00' + n % 86400 * interval '1 second'
FROM generate_series($1::bigint, $2::bigint) AS n;
