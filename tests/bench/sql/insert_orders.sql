-- Purpose:    Insert a range of orders, one of each tenth account.
-- Parameters: $1 first number, $2 last number.
-- Result:     the rows; the same number gives the same bytes on every server.

INSERT INTO public.orders (id, account_id, total, placed_at)
SELECT 'order-' || md5(n::text), n * 10, n % 10000 / 10.0,
       timestamptz '2026-01-01 00:00:00+00' + n % 86400 * interval '1 second'
FROM generate_series($1::bigint, $2::bigint) AS n;
