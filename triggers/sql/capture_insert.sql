-- Purpose:    Record what an INSERT, COPY or MERGE put into a table. AFTER STATEMENT, transition table new_rows.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog per inserted row, and a notification if the listener sleeps.
--
-- One row, by far the most frequent, is dealt with by the fewest statements and conditions: PL/pgSQL prepares each of
-- them anew in each transaction, which costs more than carrying it out. That is why one condition asks two things, why
-- what comes after the first RETURNs has its variables to itself, and why this returns NEW, which is null here.
-- Rows are read in blocks that catch what PostgreSQL says of an image larger than 1 GB, and of none or of several rows
-- where one is asked for; they are written outside of them, so that the blocks take no transaction number. The first
-- 33 rows are kept in arrays, where they fit in one, and so are up to a thousand more; what is behind these is read by
-- cursors (capture_rows.sql). A row too large is recorded by its key (capture_large.sql), and the application's write goes
-- through. Printing it takes seconds: `most` keeps those from trying again that would print it beside others.
-- The column names are kept in the plan, which has to read the transition table for that: see capture_columns.sql.
-- Where they cannot be had that way they come from the transition table itself, as the keys of a row of nulls. Whatever
-- was altered a moment ago, in this transaction or behind a REPEATABLE READ snapshot, they are in step with the text.
-- Our own transactions are left out here and not by a WHEN clause, which PostgreSQL would read from its stored form
-- anew for every statement.
CREATE OR REPLACE FUNCTION cdc.capture_insert() RETURNS trigger
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
        SELECT (t.*)::text INTO STRICT after FROM new_rows AS t;
    EXCEPTION
        WHEN no_data_found THEN
            RETURN NEW;
        WHEN too_many_rows THEN
            after := NULL;
        WHEN {no_text} THEN
            after := NULL;
            most := 1;
    END;
    INSERT INTO cdc.changelog (table_id, op, columns, new)
    SELECT TG_ARGV[0]::int, 'I', cdc.capture_columns(), after FROM new_rows
    WHERE octet_length(after) < 900000000 AND cdc.capture_columns() IS NOT NULL;
{recorded}
    IF octet_length(after) >= 900000000 THEN
        after := NULL;
        most := 1;
    END IF;
{several}
    RETURN NEW;
END
$capture$;
