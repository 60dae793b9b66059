-- Purpose:    Record the rows that a table has when its capture begins beside running links, as if they were inserted
--             now; the table is locked against writers. Very large tables are left to be compared.
-- Parameters: table_id, as recorded; relation, the table; most rows.
-- Result:     one row of cdc.changelog per row; of one that is too large its key alone.
--
-- The settings are those of the capture functions; the last three see to it that the rows come in the same order each
-- time they are read.
CREATE OR REPLACE FUNCTION cdc.capture_existing(table_id int, relation regclass, most bigint) RETURNS void
LANGUAGE plpgsql
{settings}
SET synchronize_seqscans = off
SET enable_indexonlyscan = off
SET max_parallel_workers_per_gather = 0
AS $existing$
#variable_conflict use_variable
DECLARE
    names text[];
    key_names text[];
    printed text;
    images refcursor;
    slice int := 1000;
    done bigint := 0;
    dealt_with bigint;
    key text;
    more boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s) AND NOT EXISTS (SELECT FROM %1$s OFFSET $1)', relation)
        INTO more USING most;
    EXECUTE format('SELECT ARRAY(SELECT json_object_keys(row_to_json(r.*))
                                 FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN %s AS t ON false) AS r)', relation)
        INTO names;
    WHILE more LOOP
        OPEN images FOR EXECUTE
            format('SELECT (t.*)::text FROM (SELECT s.* FROM %s AS s OFFSET $1) AS t', relation) USING done;
        dealt_with := cdc.capture_rows(table_id, names, NULL, images, slice);
        CLOSE images;
        done := done + dealt_with;
        IF dealt_with = 0 AND slice = 1 THEN
            SELECT k.names, k.printed INTO key_names, printed FROM cdc.capture_key(relation) AS k;
            EXECUTE format('SELECT %s FROM %s AS t OFFSET $1 LIMIT 1', printed, relation) INTO key USING done;
            PERFORM cdc.capture_large(table_id, key_names, NULL, key);
            done := done + 1;
            slice := 1000;
        ELSE
            slice := 1;
        END IF;
        EXECUTE format('SELECT EXISTS (SELECT FROM %s OFFSET $1)', relation) INTO more USING done;
    END LOOP;
END
$existing$;
