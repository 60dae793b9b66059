-- Purpose:    Which of two values is the greater one, in the column's own type and order.
-- Parameters: $1 and $2 both sides' values, text[], one element per row; {main}, {backup}: an element x as a value.
-- Result:     per row n (from 1) and greater: MAIN, BACKUP or, where both are equal, SAME; null where one is null.
SELECT x.n, CASE WHEN x.m IS NULL OR x.k IS NULL THEN NULL
                 ELSE (SELECT CASE WHEN count(*) = 2 THEN 'SAME' ELSE min(r.side) END
                       FROM (SELECT v.side, rank() OVER (ORDER BY v.value DESC) AS place
                             FROM (VALUES ('MAIN', {main}), ('BACKUP', {backup})) AS v (side, value)) r
                       WHERE r.place = 1)
            END AS greater
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS x (m, k, n)
ORDER BY x.n
