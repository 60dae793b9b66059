-- Purpose:    How to read the key of a row that is too large to be recorded, for the capture functions.
-- Parameters: table_id, as recorded.
-- Result:     an expression over the row t that gives the key's columns as a record's text. Raises where the table
--             has no key: nothing would be left to find the row by.
CREATE OR REPLACE FUNCTION cdc.capture_key(table_id int) RETURNS text
LANGUAGE plpgsql
AS $key$
#variable_conflict use_variable
DECLARE
    fields text;
BEGIN
    SELECT string_agg(format('t.%I', k.name), ', ' ORDER BY k.place) INTO fields
    FROM cdc.captured_table AS c, unnest(c.key_columns) WITH ORDINALITY AS k (name, place)
    WHERE c.id = table_id;
    IF fields IS NULL THEN
        RAISE program_limit_exceeded USING
            MESSAGE = 'a row whose text is larger than 900 MB cannot be captured, since its table has no key',
            HINT = 'Give the table a primary key, or leave it out of what is synced.';
    END IF;
    RETURN format('ROW(%s)::text', fields);
END
$key$;
