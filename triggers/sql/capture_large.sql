-- Purpose:    Record a row that is too large to be recorded as text: by its key alone, for the capture functions.
-- Parameters: table_id, as recorded; names, the key's columns; old_key and new_key, the key before and after as a record's
--             text (null: not there).
-- Result:     one row of cdc.changelog per key, op K, its column names and its text in `new`. Raises where the table
--             has no key: nothing would be left to find the row by.
CREATE OR REPLACE FUNCTION cdc.capture_large(table_id int, names text[], old_key text, new_key text) RETURNS void
LANGUAGE plpgsql
AS $large$
#variable_conflict use_variable
BEGIN
    IF names IS NULL THEN
        RAISE program_limit_exceeded USING
            MESSAGE = 'a row whose text is larger than 900 MB cannot be captured, since its table has no key',
            HINT = 'Give the table a primary key, or leave it out of what is synced.';
    END IF;
    INSERT INTO cdc.changelog (table_id, op, columns, new)
    SELECT table_id, 'K', names, k.image
    FROM (VALUES (1, old_key), (2, new_key)) AS k (place, image)
    WHERE k.image IS NOT NULL
      AND (k.place = 1 OR old_key COLLATE "C" IS DISTINCT FROM new_key COLLATE "C")
    ORDER BY k.place;
END
$large$;
