-- Purpose:    Read on from an open cursor over the images of rows.
-- Parameters: source, the cursor (null: nothing is read); most rows.
-- Result:     the next images. Where one cannot be made, since it would be larger than 1 GB, only what came before it,
--             or less; the cursor is of no use then.
--
-- Such a row gives one of three errors, by what it is made of. The block only reads, so it takes no transaction number.
CREATE OR REPLACE FUNCTION cdc.capture_fetch(source refcursor, most int) RETURNS SETOF text
LANGUAGE plpgsql
AS $fetch$
BEGIN
    IF source IS NOT NULL THEN
        RETURN QUERY EXECUTE format('FETCH FORWARD %s FROM %I', most, source);
    END IF;
EXCEPTION WHEN {no_text} THEN
    RETURN;
END
$fetch$;
