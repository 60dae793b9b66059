-- Purpose:    Read one row by the texts of its key, as a whole and as the columns both sides have.
-- Parameters: $1 the key's texts in the key's order, text[].
-- Result:     one row: seen (what was visible), current (all columns) and common (the columns compared), as row
--             texts, null where there is no such row.
SELECT pg_current_snapshot()::text AS seen, r.current, r.common
FROM (SELECT) AS always
LEFT JOIN (SELECT {target_row}::text AS current, {current}::text AS common
           FROM (SELECT {key_of_texts}) n JOIN {table} t ON {match}) r ON true
