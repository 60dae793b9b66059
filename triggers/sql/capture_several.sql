-- Purpose:    How the capture functions of rows record several, or one too large, and wake the listener if it sleeps.
-- Parameters: {op} as recorded; {befores} and {afters} the first 33 images of the old and of the new rows as arrays,
--             {more_befores} and {more_afters} a few more behind them, all null where the statement has none; {names} see
--             capture_names.sql; {no_text} see capture_no_text.sql.
-- Result:     the rest of each of them (see triggers/functions.py). Their variable `most` is 1 where a row is known to be
--             too large, else null; before and after are at its disposal.
--
-- What the statement has no rows of stands in branches that are not taken, and that PostgreSQL does not look into then.
--
-- A row that moves to another partition is deleted, and inserted there. Where a BEFORE INSERT trigger suppresses it, it
-- stands among the old rows and not among the new ones, and nobody says which one it was: the tables do not pair, they
-- are apart. Below 33 rows the arrays tell; from there on both are counted, where the table is partitioned. Then what has
-- a key is paired by it, in three passes: keys that went, keys that stayed, keys that came. What stayed is not recorded
-- as a delete and an insert, since a batch may end between them. Without a key all rows are recorded so.
    DECLARE
        names text[];
        key_names text[];
        printed text;
        apart boolean;
        olds text[];
        news text[];
        more boolean;
        befores text[];
        afters text[];
        few int;
        slice int := coalesce(most, 1000);
        done bigint := 0;
        dealt_with bigint;
    BEGIN
        BEGIN
            SELECT {names},
                   {befores},
                   {afters}
            INTO names, befores, afters;
        EXCEPTION WHEN {no_text} THEN
            NULL;
        END;
        IF TG_OP = 'UPDATE' AND (cardinality(befores) BETWEEN 1 AND 32
                                 AND cardinality(befores) = cardinality(afters)) IS NOT TRUE THEN
            SELECT c.relkind = 'p' AND (SELECT count(*) FROM old_rows) <> (SELECT count(*) FROM new_rows) INTO apart
            FROM pg_class AS c WHERE c.oid = TG_RELID;
            IF apart THEN
                befores := NULL;
                afters := NULL;
            END IF;
        END IF;
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
            SELECT coalesce(names, {names}) INTO names;
            SELECT k.names, k.printed INTO key_names, printed FROM cdc.capture_key(TG_RELID) AS k;
            olds := ARRAY[CASE WHEN TG_OP <> 'INSERT' THEN 'SELECT s.* FROM old_rows AS s' END];
            news := ARRAY[CASE WHEN TG_OP <> 'DELETE' THEN 'SELECT s.* FROM new_rows AS s' END];
            IF apart AND key_names IS NULL THEN
                olds := olds || NULL::text;
                news := NULL::text || news;
            ELSIF apart THEN
                SELECT array_agg(CASE WHEN p.of_old THEN format(q.source, 'old_rows', 'new_rows', printed, p.negation) END
                                 ORDER BY p.place),
                       array_agg(CASE WHEN p.of_new THEN format(q.source, 'new_rows', 'old_rows', printed, p.negation) END
                                 ORDER BY p.place)
                INTO olds, news
                FROM (VALUES (1, true, false, 'NOT'), (2, true, true, ''), (3, false, true, 'NOT'))
                    AS p (place, of_old, of_new, negation),
                    (VALUES ('SELECT t.* FROM %1$s AS t WHERE %4$s EXISTS (
                                  SELECT FROM (SELECT %3$s AS key FROM %2$s AS t) AS o
                                  WHERE o.key COLLATE "C" = %3$s COLLATE "C")
                              ORDER BY %3$s COLLATE "C"')) AS q (source);
            END IF;
            FOR place IN 1 .. cardinality(olds) LOOP
                LOOP
                    EXECUTE format('SELECT EXISTS (SELECT FROM (%s) AS t OFFSET $1)', coalesce(news[place], olds[place]))
                        INTO more USING done;
                    EXIT WHEN NOT more;
                    old_images := NULL;
                    new_images := NULL;
                    IF olds[place] IS NOT NULL THEN
                        OPEN old_images FOR EXECUTE
                            format('SELECT (t.*)::text FROM (%s OFFSET $1) AS t', olds[place]) USING done;
                    END IF;
                    IF news[place] IS NOT NULL THEN
                        OPEN new_images FOR EXECUTE
                            format('SELECT (t.*)::text FROM (%s OFFSET $1) AS t', news[place]) USING done;
                    END IF;
                    dealt_with := cdc.capture_rows(TG_ARGV[0]::int, names, old_images, new_images, slice);
                    IF old_images IS NOT NULL THEN
                        CLOSE old_images;
                    END IF;
                    IF new_images IS NOT NULL THEN
                        CLOSE new_images;
                    END IF;
                    done := done + dealt_with;
                    IF dealt_with = 0 AND slice = 1 THEN
                        before := NULL;
                        after := NULL;
                        IF olds[place] IS NOT NULL THEN
                            EXECUTE format('SELECT %s FROM (%s) AS t OFFSET $1 LIMIT 1', printed, olds[place])
                                INTO before USING done;
                        END IF;
                        IF news[place] IS NOT NULL THEN
                            EXECUTE format('SELECT %s FROM (%s) AS t OFFSET $1 LIMIT 1', printed, news[place])
                                INTO after USING done;
                        END IF;
                        PERFORM cdc.capture_large(TG_ARGV[0]::int, key_names, before, after);
                        done := done + 1;
                        slice := 1000;
                    ELSE
                        slice := 1;
                    END IF;
                END LOOP;
                IF place < cardinality(olds) THEN
                    done := 0;
                    slice := coalesce(most, 1000);
                END IF;
            END LOOP;
        END IF;
        IF (done > 0 OR apart) AND current_setting('max_prepared_transactions') = '0'
           AND NOT pg_try_advisory_xact_lock_shared(6513763, 1) THEN
            PERFORM cdc.wake();
        END IF;
    END;
