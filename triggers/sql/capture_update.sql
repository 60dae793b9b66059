-- Purpose:    Record what an UPDATE, MERGE or ON CONFLICT DO UPDATE changed. AFTER STATEMENT, transition tables
--             old_rows and new_rows.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog per row whose text changed, and a notification if the listener sleeps.
--
-- For all of it see capture_insert.sql.
CREATE OR REPLACE FUNCTION cdc.capture_update() RETURNS trigger
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
        SELECT (o.*)::text, (n.*)::text INTO STRICT before, after FROM old_rows AS o, new_rows AS n;
    EXCEPTION
        WHEN no_data_found THEN
            IF NOT EXISTS (SELECT FROM old_rows) THEN
                RETURN NEW;
            END IF;
            before := NULL;  -- they moved to another partition, and a trigger suppressed them there
        WHEN too_many_rows THEN
            before := NULL;
        WHEN {no_text} THEN
            before := NULL;
            most := 1;
    END;
    INSERT INTO cdc.changelog (table_id, op, columns, old, new)
    SELECT TG_ARGV[0]::int, 'U', cdc.capture_columns(), before, after FROM new_rows
    WHERE before COLLATE "C" <> after COLLATE "C" AND octet_length(before) + octet_length(after) < 900000000
      AND cdc.capture_columns() IS NOT NULL;
{recorded}
    IF before COLLATE "C" = after COLLATE "C" THEN
        RETURN NEW;
    ELSIF octet_length(before) + octet_length(after) >= 900000000 THEN
        before := NULL;
        after := NULL;
        most := 1;
    END IF;
{several}
    RETURN NEW;
END
$capture$;
