-- Purpose:    Record the rows of a statement, for the capture functions.
-- Parameters: table_id and names, as recorded; old_images and new_images, open cursors over the images of the same rows
--             in the same order (null: an INSERT, a DELETE); most rows to be read at once.
-- Result:     how many rows were dealt with, from the first on: all of them, or fewer where one cannot be recorded.
--             An update that changed nothing is dealt with by recording nothing.
--
-- PostgreSQL fills both transition tables in step, unless a row that moves to another partition is suppressed there: the
-- callers see to that (capture_several.sql). So reading both cursors in step pairs the rows, without a join that would write
-- all of them down once more. What is read at once follows the size of the rows, so that memory does not.
-- No row of a table can be larger than 1 GB: where one image would come near it, or both together, the change is left to
-- the caller, who records it by its key. Where there is no key, an update of two images that fit each by itself is
-- recorded as a delete and an insert; not elsewhere, since a batch may end between them.
CREATE OR REPLACE FUNCTION cdc.capture_rows(
    table_id int, names text[], old_images refcursor, new_images refcursor, most int
) RETURNS bigint
LANGUAGE plpgsql
AS $rows$
#variable_conflict use_variable
DECLARE
    kind "char" := CASE WHEN old_images IS NULL THEN 'I' WHEN new_images IS NULL THEN 'D' ELSE 'U' END;
    slice int := least(most, 32);
    done bigint := 0;
    befores text[];
    afters text[];
    found_rows int;
    bytes bigint;
BEGIN
    LOOP
        BEGIN
            SELECT array_agg(r.before), array_agg(r.after), count(*) INTO befores, afters, found_rows
            FROM ROWS FROM (cdc.capture_fetch(old_images, slice), cdc.capture_fetch(new_images, slice)) AS r (before, after)
            WHERE (r.before IS NOT NULL OR kind = 'I') AND (r.after IS NOT NULL OR kind = 'D');
        EXCEPTION WHEN {no_text} THEN
            RETURN done;
        END;
        EXIT WHEN found_rows = 0;
        bytes := pg_column_size(befores)::bigint + pg_column_size(afters);
        IF bytes < 900000000 THEN
            INSERT INTO cdc.changelog (table_id, op, columns, old, new)
            SELECT table_id, kind, names, r.before, r.after
            FROM unnest(befores, afters) AS r (before, after)
            WHERE r.before COLLATE "C" IS DISTINCT FROM r.after COLLATE "C";
        ELSIF slice > 1 THEN
            EXIT;
        ELSIF befores[1] COLLATE "C" IS DISTINCT FROM afters[1] COLLATE "C" THEN
            EXIT WHEN octet_length(befores[1]) >= 900000000 OR octet_length(afters[1]) >= 900000000 OR EXISTS (
                SELECT FROM cdc.captured_table AS c, cdc.capture_key(c.relid) AS k
                WHERE c.id = table_id AND k.names IS NOT NULL);
            INSERT INTO cdc.changelog (table_id, op, columns, old, new)
            SELECT table_id, r.op, names, r.before, r.after
            FROM (VALUES ('D'::"char", befores[1], NULL), ('I', NULL, afters[1])) AS r (op, before, after)
            WHERE coalesce(r.before, r.after) IS NOT NULL;
        END IF;
        done := done + found_rows;
        EXIT WHEN found_rows < slice;
        slice := CASE WHEN bytes > 8000000 THEN greatest(slice / 4, 1)
                      WHEN bytes < 1000000 THEN least(slice * 4, most)
                      ELSE slice END;
    END LOOP;
    RETURN done;
END
$rows$;
