-- Purpose:    One value that two servers share exactly when their tables are equal, but for a hash collision.
-- Parameters: none.
-- Result:     text: row counts and sums of row hashes of both tables.

SELECT string_agg(rows || ':' || hash, ' ' ORDER BY name)
FROM (
    SELECT 'accounts' AS name, count(*) AS rows, coalesce(sum(hashtextextended((a.*)::text, 0)), 0) AS hash
    FROM public.accounts AS a
    UNION ALL
    SELECT 'orders', count(*), coalesce(sum(hashtextextended((o.*)::text, 0)), 0)
    FROM public.orders AS o
) AS of_each;
