-- Purpose:    Join two sets that are kept as arrays: what either side added is in, what either took out is not.
-- Parameters: $1 base, $2 and $3 both sides' values, text[], one element per row; {base}, {main}, {backup}: an element
--             x as a value; {type}: the column's type.
-- Result:     per row n (from 1) and value (text), its elements in the order of their type; null where one side has no
--             array, or one of more than one dimension.
SELECT x.n, CASE WHEN x.m IS NULL OR x.k IS NULL
                      OR coalesce(array_ndims({main}), 1) > 1 OR coalesce(array_ndims({backup}), 1) > 1 THEN NULL
                 ELSE (SELECT coalesce(array_agg(u.e ORDER BY u.e), '{}')::{type}::text
                       FROM (SELECT v.e, count(*) AS sides
                             FROM (SELECT DISTINCT 1 AS side, unnest({main}) AS e
                                   UNION ALL SELECT DISTINCT 2, unnest({backup})) v GROUP BY v.e) u
                       WHERE u.sides = 2
                          OR NOT EXISTS (SELECT FROM unnest({base}) AS b (e) WHERE b.e IS NOT DISTINCT FROM u.e))
            END AS value
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS x (b, m, k, n)
ORDER BY x.n
