-- Purpose:    Read one row by the texts of its key, as a whole and as the columns both sides have.
-- Parameters: $1 the key's texts in the key's order, text[].
-- Result:     none or one row: current (all columns), common (the columns compared), as row texts.
SELECT {target_row}::text AS current, {current}::text AS common
FROM (SELECT {key_of_texts}) n JOIN {table} t ON {match}
