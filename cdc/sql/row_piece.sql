-- Purpose:    Read a piece of a large value.
-- Parameters: $1 the key's texts in the key's order, text[]; $2 the first byte, from 1; $3 most bytes.
-- Result:     one value, bytea; shorter than asked for at the end.
SELECT substr({value}, $2::int, $3::int) FROM (SELECT {key_of_texts}) n JOIN {table} t ON {match}
