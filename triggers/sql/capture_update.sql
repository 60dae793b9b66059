-- Purpose:    Record what an UPDATE, MERGE or ON CONFLICT DO UPDATE changed. AFTER STATEMENT, transition tables
--             old_rows and new_rows.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog per row whose text changed, and a notification if the listener sleeps.
--
-- PostgreSQL fills both transition tables in step, so rows are paired by their ordinal. One row needs no pairing.
-- The join is a full join although both sides always match: the plan is cached, and a full join is the one kind
-- that can never become a nested loop, which would be quadratic when a bulk update reuses the plan of a small one.
-- With merge joins off it is a hash join, which needs no sort and spills to disk beyond work_mem.
-- No row of a table can be larger than 1 GB: where both images together would come near it, the change is recorded as
-- a delete and an insert.
-- For the column names and our own transactions see capture_insert.sql.
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
SET enable_mergejoin = off
AS $capture$
#variable_conflict use_column
BEGIN
    IF current_setting('cdc.applying', true) = 'on' THEN
        PERFORM nextval('cdc.own_writes');
        RETURN NULL;
    END IF;
    INSERT INTO cdc.changelog (table_id, op, columns, old, new)
    SELECT TG_ARGV[0]::int, 'U',
           ARRAY(SELECT json_object_keys(row_to_json(r.*))
                 FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN new_rows AS t ON false) AS r),
           o.image, n.image
    FROM (SELECT (t.*)::text AS image FROM old_rows AS t OFFSET 0) AS o,
         (SELECT (t.*)::text AS image FROM new_rows AS t OFFSET 0) AS n
    WHERE NOT EXISTS (SELECT FROM new_rows OFFSET 1)
      AND o.image COLLATE "C" <> n.image COLLATE "C"
      AND octet_length(o.image) + octet_length(n.image) < 900000000;
    IF NOT FOUND THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN
            RETURN NULL;
        END IF;
        INSERT INTO cdc.changelog (table_id, op, columns, old, new)
        SELECT TG_ARGV[0]::int, r.op,
               ARRAY(SELECT json_object_keys(row_to_json(r.*))
                     FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN new_rows AS t ON false) AS r),
               r.old, r.new
        FROM (SELECT row_number() OVER () AS ordinal, (t.*)::text AS image FROM old_rows AS t) AS o
        FULL JOIN (SELECT row_number() OVER () AS ordinal, (t.*)::text AS image FROM new_rows AS t) AS n
             ON o.ordinal = n.ordinal
        CROSS JOIN LATERAL (
            SELECT 'U'::"char" AS op, o.image AS old, n.image AS new
            WHERE octet_length(o.image) + octet_length(n.image) < 900000000
            UNION ALL
            SELECT v.op, v.old, v.new
            FROM (VALUES ('D'::"char", o.image, NULL), ('I', NULL, n.image)) AS v (op, old, new)
            WHERE octet_length(o.image) + octet_length(n.image) >= 900000000) AS r
        WHERE o.image COLLATE "C" IS DISTINCT FROM n.image COLLATE "C";
    END IF;
    IF FOUND AND current_setting('max_prepared_transactions') = '0'
             AND NOT pg_try_advisory_xact_lock_shared(6513763, 1) THEN
        PERFORM cdc.wake();
    END IF;
    RETURN NULL;
END
$capture$;
