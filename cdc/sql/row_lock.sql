-- Purpose:    Lock one row by the texts of its key and read it.
-- Parameters: $1 the key's texts in the key's order, text[].
-- Result:     none or one row: current (all columns), common (the columns compared), as row texts.
SELECT {target_row}::text AS current, {current}::text AS common
FROM (SELECT {key_of_texts}) n JOIN {table} t ON {match}
FOR UPDATE OF t
