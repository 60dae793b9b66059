-- Purpose:    Record a row that is too large to be recorded as text: by its key alone, for the capture functions.
-- Parameters: table_id, as recorded; old_key and new_key, the key before and after as a record's text (null: not there).
-- Result:     one row of cdc.changelog per key, op K, its column names and its text in `new`.
CREATE OR REPLACE FUNCTION cdc.capture_large(table_id int, old_key text, new_key text) RETURNS void
LANGUAGE plpgsql
AS $large$
#variable_conflict use_variable
BEGIN
    INSERT INTO cdc.changelog (table_id, op, columns, new)
    SELECT c.id, 'K', c.key_columns, k.image
    FROM cdc.captured_table AS c, (VALUES (1, old_key), (2, new_key)) AS k (place, image)
    WHERE c.id = table_id AND k.image IS NOT NULL
      AND (k.place = 1 OR old_key COLLATE "C" IS DISTINCT FROM new_key COLLATE "C")
    ORDER BY k.place;
END
$large$;
