-- Purpose:    Record what an UPDATE, MERGE or ON CONFLICT DO UPDATE changed. AFTER STATEMENT, transition tables
--             old_rows and new_rows.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog per row whose text changed, and a notification if the listener sleeps.
--
-- For all of it see capture_insert.sql.
CREATE OR REPLACE FUNCTION cdc.capture_update() RETURNS trigger
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
    before text;
    after text;
    old_images refcursor;
    new_images refcursor;
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
        SELECT (o.*)::text, (n.*)::text INTO STRICT before, after FROM old_rows AS o, new_rows AS n;
    EXCEPTION
        WHEN no_data_found THEN
            RETURN NEW;
        WHEN too_many_rows OR program_limit_exceeded OR out_of_memory OR internal_error THEN
            before := NULL;
    END;
    INSERT INTO cdc.changelog (table_id, op, columns, old, new)
    SELECT TG_ARGV[0]::int, 'U', cdc.capture_columns(), before, after FROM new_rows
    WHERE before COLLATE "C" <> after COLLATE "C" AND octet_length(before) + octet_length(after) < 900000000
      AND cdc.capture_columns() IS NOT NULL;
    IF FOUND AND (current_setting('max_prepared_transactions') <> '0'
                  OR pg_try_advisory_xact_lock_shared(6513763, 1)) THEN
        RETURN NEW;
    END IF;
    IF FOUND THEN
        PERFORM cdc.wake();
        RETURN NEW;
    END IF;
    IF before COLLATE "C" = after COLLATE "C" THEN
        RETURN NEW;
    END IF;
    DECLARE
        names text[];
        befores text[];
        afters text[];
        most int := 1000;
        done bigint := 0;
        dealt_with bigint;
    BEGIN
        BEGIN
            SELECT coalesce(cdc.capture_columns(),
                            ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                  FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN new_rows AS t ON false) AS r)),
                   ARRAY(SELECT (t.*)::text FROM old_rows AS t LIMIT 33),
                   ARRAY(SELECT (t.*)::text FROM new_rows AS t LIMIT 33)
            INTO names, befores, afters;
        EXCEPTION WHEN program_limit_exceeded OR out_of_memory OR internal_error THEN
            NULL;
        END;
        IF pg_column_size(befores)::bigint + pg_column_size(afters) < 900000000 THEN
            INSERT INTO cdc.changelog (table_id, op, columns, old, new)
            SELECT TG_ARGV[0]::int, 'U', names, r.before, r.after FROM unnest(befores, afters) AS r (before, after)
            WHERE r.before COLLATE "C" <> r.after COLLATE "C";
            done := cardinality(afters);
        END IF;
        IF done = 0 OR done = 33 THEN
            SELECT coalesce(names, cdc.capture_columns(),
                            ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                  FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN new_rows AS t ON false) AS r))
            INTO names;
            WHILE EXISTS (SELECT FROM new_rows OFFSET done) LOOP
                OPEN old_images FOR SELECT (t.*)::text FROM (SELECT s.* FROM old_rows AS s OFFSET done) AS t;
                OPEN new_images FOR SELECT (t.*)::text FROM (SELECT s.* FROM new_rows AS s OFFSET done) AS t;
                dealt_with := cdc.capture_rows(TG_ARGV[0]::int, names, old_images, new_images, most);
                CLOSE old_images;
                CLOSE new_images;
                done := done + dealt_with;
                IF dealt_with = 0 AND most = 1 THEN
                    EXECUTE format('SELECT %s FROM old_rows AS t OFFSET $1 LIMIT 1', cdc.capture_key(TG_ARGV[0]::int))
                        INTO before USING done;
                    EXECUTE format('SELECT %s FROM new_rows AS t OFFSET $1 LIMIT 1', cdc.capture_key(TG_ARGV[0]::int))
                        INTO after USING done;
                    PERFORM cdc.capture_large(TG_ARGV[0]::int, before, after);
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
