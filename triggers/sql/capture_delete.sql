-- Purpose:    Record what a DELETE or MERGE took from a table. AFTER STATEMENT, transition table old_rows.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog per deleted row, and a notification if the listener sleeps.
--
-- For the column names and our own transactions see capture_insert.sql.
CREATE OR REPLACE FUNCTION cdc.capture_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET TimeZone = 'UTC'
SET extra_float_digits = 3
SET bytea_output = 'hex'
SET lc_monetary = 'C'
SET plan_cache_mode = force_generic_plan
AS $capture$
#variable_conflict use_column
BEGIN
    IF current_setting('cdc.applying', true) = 'on' THEN
        PERFORM nextval('cdc.own_writes');
        RETURN NULL;
    END IF;
    INSERT INTO cdc.changelog (table_id, op, columns, old)
    SELECT TG_ARGV[0]::int, 'D',
           ARRAY(SELECT json_object_keys(row_to_json(r.*))
                 FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN old_rows AS t ON false) AS r),
           o.image
    FROM (SELECT (t.*)::text AS image FROM old_rows AS t) AS o;
    IF FOUND AND current_setting('max_prepared_transactions') = '0'
             AND NOT pg_try_advisory_xact_lock_shared(6513763, 1) THEN
        PERFORM cdc.wake();
    END IF;
    RETURN NULL;
END
$capture$;
