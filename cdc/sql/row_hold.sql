-- Purpose:    Lock one row by the texts of its key, waiting for nobody.
-- Parameters: $1 the key's texts in the key's order, text[].
-- Result:     one boolean: false where somebody else holds the row; true where there is none.
WITH wanted AS MATERIALIZED (
    SELECT {key_of_texts}
), held AS MATERIALIZED (
    SELECT 1 FROM wanted n JOIN {table} t ON {match} FOR UPDATE OF t SKIP LOCKED
)
SELECT EXISTS (SELECT FROM held) OR NOT EXISTS (SELECT FROM wanted n JOIN {table} t ON {match}) AS free
