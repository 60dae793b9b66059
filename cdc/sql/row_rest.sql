-- Purpose:    Read one row without its large values, which are taken in pieces.
-- Parameters: $1 the key's texts in the key's order, text[]; {fields}: the row's, null for what is large; {sizes}: bytes
--             of the columns that can be large, null where they are not.
-- Result:     none or one row: rest (row text), sizes (bigint[]).
SELECT ROW({fields})::text AS rest, ARRAY[{sizes}]::bigint[] AS sizes
FROM (SELECT {key_of_texts}) n JOIN {table} t ON {match}
