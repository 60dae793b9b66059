-- Purpose:    Keep what both sides added to a value or took from it, in the column's own type.
-- Parameters: $1 base, $2 and $3 both sides' values, text[], one element per row; {base}, {main}, {backup}: an element
--             x as a value; {type}: the column's type.
-- Result:     per row n (from 1) and value (text); null where one of the three is null.
SELECT x.n, (({base} + (({main} - {base}) + ({backup} - {base})))::{type})::text AS value
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS x (b, m, k, n)
ORDER BY x.n
