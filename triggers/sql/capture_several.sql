-- Purpose:    How the capture functions of rows record several, or one too large, and wake the listener if it sleeps.
-- Parameters: {op} as recorded; {rows} a transition table; {befores} and {afters} the first 33 images of the old and of
--             the new rows as arrays, {more_befores} and {more_afters} a few more behind them, all null where the statement
--             has none; {no_text} see capture_no_text.sql.
-- Result:     the rest of each of them (see triggers/functions.py). Their variable `most` is 1 where a row is known to be
--             too large, else null; before and after are at its disposal.
--
-- What the statement has no rows of stands in branches that are not taken, and that PostgreSQL does not look into then.
    DECLARE
        names text[];
        befores text[];
        afters text[];
        few int;
        slice int := coalesce(most, 1000);
        done bigint := 0;
        dealt_with bigint;
    BEGIN
        BEGIN
            SELECT coalesce(cdc.capture_columns(),
                            ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                  FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN {rows} AS t ON false) AS r)),
                   {befores},
                   {afters}
            INTO names, befores, afters;
        EXCEPTION WHEN {no_text} THEN
            NULL;
        END;
        IF pg_column_size(coalesce(befores, afters))::bigint + pg_column_size(coalesce(afters, befores)) < 900000000 THEN
            INSERT INTO cdc.changelog (table_id, op, columns, old, new)
            SELECT TG_ARGV[0]::int, '{op}', names, r.before, r.after FROM unnest(befores, afters) AS r (before, after)
            WHERE r.before COLLATE "C" IS DISTINCT FROM r.after COLLATE "C";
            done := cardinality(coalesce(afters, befores));
        END IF;
        IF done = 33 THEN
            few := least(1000, 264000000 / (pg_column_size(coalesce(befores, afters))::bigint
                                            + pg_column_size(coalesce(afters, befores))));
            BEGIN
                SELECT {more_befores},
                       {more_afters}
                INTO befores, afters;
            EXCEPTION WHEN {no_text} THEN
                befores := NULL;
                afters := NULL;
            END;
            IF pg_column_size(coalesce(befores, afters))::bigint + pg_column_size(coalesce(afters, befores)) < 900000000 THEN
                INSERT INTO cdc.changelog (table_id, op, columns, old, new)
                SELECT TG_ARGV[0]::int, '{op}', names, r.before, r.after FROM unnest(befores, afters) AS r (before, after)
                WHERE r.before COLLATE "C" IS DISTINCT FROM r.after COLLATE "C";
                done := done + cardinality(coalesce(afters, befores));
            END IF;
        END IF;
        IF done = 0 OR done = 33 OR done = 33 + few THEN
            SELECT coalesce(names, cdc.capture_columns(),
                            ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                  FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN {rows} AS t ON false) AS r))
            INTO names;
            WHILE EXISTS (SELECT FROM {rows} OFFSET done) LOOP
                IF TG_OP <> 'INSERT' THEN
                    OPEN old_images FOR SELECT (t.*)::text FROM (SELECT s.* FROM old_rows AS s OFFSET done) AS t;
                END IF;
                IF TG_OP <> 'DELETE' THEN
                    OPEN new_images FOR SELECT (t.*)::text FROM (SELECT s.* FROM new_rows AS s OFFSET done) AS t;
                END IF;
                dealt_with := cdc.capture_rows(TG_ARGV[0]::int, names, old_images, new_images, slice);
                IF TG_OP <> 'INSERT' THEN
                    CLOSE old_images;
                END IF;
                IF TG_OP <> 'DELETE' THEN
                    CLOSE new_images;
                END IF;
                done := done + dealt_with;
                IF dealt_with = 0 AND slice = 1 THEN
                    IF TG_OP <> 'INSERT' THEN
                        EXECUTE format('SELECT %s FROM old_rows AS t OFFSET $1 LIMIT 1', cdc.capture_key(TG_ARGV[0]::int))
                            INTO before USING done;
                    END IF;
                    IF TG_OP <> 'DELETE' THEN
                        EXECUTE format('SELECT %s FROM new_rows AS t OFFSET $1 LIMIT 1', cdc.capture_key(TG_ARGV[0]::int))
                            INTO after USING done;
                    END IF;
                    PERFORM cdc.capture_large(TG_ARGV[0]::int, before, after);
                    done := done + 1;
                    slice := 1000;
                ELSE
                    slice := 1;
                END IF;
            END LOOP;
        END IF;
        IF done > 0 AND current_setting('max_prepared_transactions') = '0'
           AND NOT pg_try_advisory_xact_lock_shared(6513763, 1) THEN
            PERFORM cdc.wake();
        END IF;
    END;
