-- Purpose:    Join two sets that are kept as jsonb arrays: what either side added is in, what either took out is not.
-- Parameters: $1 base, $2 and $3 both sides' values, text[], one element per row.
-- Result:     per row n (from 1) and value (text), its elements in jsonb's order; null where one side has no array.
SELECT x.n, CASE WHEN jsonb_typeof(x.m) = 'array' AND jsonb_typeof(x.k) = 'array' THEN
                 (SELECT coalesce(jsonb_agg(u.e ORDER BY u.e), '[]')::text
                  FROM (SELECT v.e, count(*) AS sides
                        FROM (SELECT DISTINCT 1 AS side, j.value AS e FROM jsonb_array_elements(x.m) AS j (value)
                              UNION ALL SELECT DISTINCT 2, j.value FROM jsonb_array_elements(x.k) AS j (value)) v
                        GROUP BY v.e) u
                  WHERE u.sides = 2
                     OR NOT EXISTS (SELECT FROM jsonb_array_elements(
                                                CASE WHEN jsonb_typeof(x.b) = 'array' THEN x.b ELSE '[]' END) AS b (e)
                                    WHERE b.e = u.e))
            END AS value
FROM (SELECT t.b::jsonb AS b, t.m::jsonb AS m, t.k::jsonb AS k, t.n
      FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS t (b, m, k, n)) x
ORDER BY x.n
