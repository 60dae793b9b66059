-- Purpose:    Merge two jsonb objects key by key against their base.
-- Parameters: $1 base, $2 and $3 both sides' values, text[], one element per row.
-- Result:     per row n (from 1) and value (text); null where one side has no object, or where a key changed on both
--             sides to different values.
SELECT x.n, CASE WHEN jsonb_typeof(x.m) = 'object' AND jsonb_typeof(x.k) = 'object' THEN
                 (SELECT CASE WHEN bool_or(e.clash) THEN NULL
                              ELSE coalesce(jsonb_object_agg(e.key, e.value) FILTER (WHERE e.value IS NOT NULL), '{}')
                         END::text
                  FROM (SELECT v.key,
                               CASE WHEN x.m -> v.key IS NOT DISTINCT FROM x.b -> v.key THEN x.k -> v.key
                                    ELSE x.m -> v.key END AS value,
                               x.m -> v.key IS DISTINCT FROM x.b -> v.key
                               AND x.k -> v.key IS DISTINCT FROM x.b -> v.key
                               AND x.m -> v.key IS DISTINCT FROM x.k -> v.key AS clash
                        FROM (SELECT jsonb_object_keys(x.m) AS key UNION SELECT jsonb_object_keys(x.k)) v) e)
            END AS value
FROM (SELECT CASE WHEN jsonb_typeof(t.b::jsonb) = 'object' THEN t.b::jsonb ELSE '{}' END AS b,
             t.m::jsonb AS m, t.k::jsonb AS k, t.n
      FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS t (b, m, k, n)) x
ORDER BY x.n
