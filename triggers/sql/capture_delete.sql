-- Purpose:    Record what a DELETE or MERGE took from a table. AFTER STATEMENT, transition table old_rows.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog per deleted row, and a notification if the listener sleeps.
--
-- For all of it see capture_insert.sql.
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
#variable_conflict use_variable
DECLARE
    image text;
    images refcursor;
BEGIN
    IF current_setting('cdc.applying', true) = 'on'
       OR current_setting('cdc.relation', true) IS DISTINCT FROM TG_RELID::text THEN
        IF current_setting('cdc.applying', true) = 'on' THEN
            PERFORM nextval('cdc.own_writes');
            RETURN NEW;
        END IF;
        PERFORM set_config('cdc.relation', TG_RELID::text, false);
    END IF;
    BEGIN
        SELECT (t.*)::text INTO STRICT image FROM old_rows AS t;
    EXCEPTION
        WHEN no_data_found THEN
            RETURN NEW;
        WHEN too_many_rows OR program_limit_exceeded OR out_of_memory OR internal_error THEN
            image := NULL;
    END;
    INSERT INTO cdc.changelog (table_id, op, columns, old)
    SELECT TG_ARGV[0]::int, 'D', cdc.capture_columns(), image FROM old_rows
    WHERE octet_length(image) < 900000000 AND cdc.capture_columns() IS NOT NULL;
    IF FOUND AND (current_setting('max_prepared_transactions') <> '0'
                  OR pg_try_advisory_xact_lock_shared(6513763, 1)) THEN
        RETURN NEW;
    END IF;
    IF FOUND THEN
        PERFORM cdc.wake();
        RETURN NEW;
    END IF;
    DECLARE
        names text[];
        several text[];
        most int := 1000;
        done bigint := 0;
        dealt_with bigint;
    BEGIN
        BEGIN
            SELECT coalesce(cdc.capture_columns(),
                            ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                  FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN old_rows AS t ON false) AS r)),
                   ARRAY(SELECT (t.*)::text FROM old_rows AS t LIMIT 33)
            INTO names, several;
        EXCEPTION WHEN program_limit_exceeded OR out_of_memory OR internal_error THEN
            NULL;
        END;
        IF pg_column_size(several) < 900000000 THEN
            INSERT INTO cdc.changelog (table_id, op, columns, old)
            SELECT TG_ARGV[0]::int, 'D', names, r.image FROM unnest(several) AS r (image);
            done := cardinality(several);
        END IF;
        IF done = 0 OR done = 33 THEN
            SELECT coalesce(names, cdc.capture_columns(),
                            ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                  FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN old_rows AS t ON false) AS r))
            INTO names;
            WHILE EXISTS (SELECT FROM old_rows OFFSET done) LOOP
                OPEN images FOR SELECT (t.*)::text FROM (SELECT s.* FROM old_rows AS s OFFSET done) AS t;
                dealt_with := cdc.capture_rows(TG_ARGV[0]::int, names, images, NULL, most);
                CLOSE images;
                done := done + dealt_with;
                IF dealt_with = 0 AND most = 1 THEN
                    EXECUTE format('SELECT %s FROM old_rows AS t OFFSET $1 LIMIT 1', cdc.capture_key(TG_ARGV[0]::int))
                        INTO image USING done;
                    PERFORM cdc.capture_large(TG_ARGV[0]::int, image, NULL);
                    done := done + 1;
                    most := 1000;
                ELSE
                    most := 1;
                END IF;
            END LOOP;
        END IF;
        IF done > 0 AND current_setting('max_prepared_transactions') = '0'
           AND NOT pg_try_advisory_xact_lock_shared(6513763, 1) THEN
            PERFORM cdc.wake();
        END IF;
    END;
    RETURN NEW;
END
$capture$;
