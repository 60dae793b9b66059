-- Purpose:    How capture_update records rows that do not stand in pairs: what was there as deleted, what is there as inserted.
-- Parameters: none.
-- Result:     a part of it (see triggers/functions.py); returns from it.
--
-- A row that an UPDATE moves to another partition is taken out, and goes in as far as that partition's BEFORE triggers let
-- it: where one of them returns NULL, the row is gone, and the tables of old and new rows no longer are in step.
        DECLARE
            names text[] := coalesce(cdc.capture_columns(),
                                     ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                           FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN old_rows AS t ON false) AS r));
            gone boolean;
            slice int;
            done bigint;
            dealt_with bigint;
        BEGIN
            FOREACH gone IN ARRAY ARRAY[true, false] LOOP
                done := 0;
                slice := coalesce(most, 1000);
                WHILE CASE WHEN gone THEN EXISTS (SELECT FROM old_rows OFFSET done)
                           ELSE EXISTS (SELECT FROM new_rows OFFSET done) END LOOP
                    old_images := NULL;
                    new_images := NULL;
                    IF gone THEN
                        OPEN old_images FOR SELECT (t.*)::text FROM (SELECT s.* FROM old_rows AS s OFFSET done) AS t;
                    ELSE
                        OPEN new_images FOR SELECT (t.*)::text FROM (SELECT s.* FROM new_rows AS s OFFSET done) AS t;
                    END IF;
                    dealt_with := cdc.capture_rows(TG_ARGV[0]::int, names, old_images, new_images, slice);
                    IF gone THEN
                        CLOSE old_images;
                    ELSE
                        CLOSE new_images;
                    END IF;
                    done := done + dealt_with;
                    IF dealt_with = 0 AND slice = 1 THEN
                        EXECUTE format('SELECT %s FROM %I AS t OFFSET $1 LIMIT 1', cdc.capture_key(TG_ARGV[0]::int),
                                       CASE WHEN gone THEN 'old_rows' ELSE 'new_rows' END)
                            INTO before USING done;
                        PERFORM cdc.capture_large(TG_ARGV[0]::int, before, NULL);
                        done := done + 1;
                        slice := 1000;
                    ELSE
                        slice := 1;
                    END IF;
                END LOOP;
            END LOOP;
            IF current_setting('max_prepared_transactions') = '0' AND NOT pg_try_advisory_xact_lock_shared(6513763, 1) THEN
                PERFORM cdc.wake();
            END IF;
            RETURN NEW;
        END;
