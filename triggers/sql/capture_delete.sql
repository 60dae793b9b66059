-- Purpose:    Record what a DELETE or MERGE took from a table. AFTER STATEMENT, transition table old_rows.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog per deleted row, and a notification if the listener sleeps.
--
-- For all of it see capture_insert.sql.
CREATE OR REPLACE FUNCTION cdc.capture_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
{settings}
AS $capture$
#variable_conflict use_variable
DECLARE
    before text;
    after text;
    old_images refcursor;
    new_images refcursor;
    most int;
BEGIN
{guard}
    BEGIN
        SELECT (t.*)::text INTO STRICT before FROM old_rows AS t;
    EXCEPTION
        WHEN no_data_found THEN
            RETURN NEW;
        WHEN too_many_rows THEN
            before := NULL;
        WHEN {no_text} THEN
            before := NULL;
            most := 1;
    END;
    INSERT INTO cdc.changelog (table_id, op, columns, old)
    SELECT TG_ARGV[0]::int, 'D', cdc.capture_columns(), before FROM old_rows
    WHERE octet_length(before) < 900000000 AND cdc.capture_columns() IS NOT NULL;
{recorded}
    IF octet_length(before) >= 900000000 THEN
        before := NULL;
        most := 1;
    END IF;
{several}
    RETURN NEW;
END
$capture$;
