-- Purpose:    Record that a table is truncated. BEFORE STATEMENT, when it is locked already.
-- Parameters: trigger argument 0 is the table's id in cdc.captured_table.
-- Result:     one row of cdc.changelog: what this database had applied of the other's changes by then (null: nothing),
--             and, where not the captured table itself but a partition of it was truncated, that partition's
--             schema and name in `columns`. None where a level above it was truncated and nothing was written since,
--             as by TRUNCATE of a partitioned table, which fires this for each of its partitions too: the other side
--             may be partitioned otherwise.
CREATE OR REPLACE FUNCTION cdc.capture_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
{settings}
AS $capture$
#variable_conflict use_column
BEGIN
    IF current_setting('cdc.applying', true) = 'on' THEN
        PERFORM nextval('cdc.own_writes');
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT FROM cdc.changelog AS l
        WHERE l.txid = pg_current_xact_id() AND l.op = 'T' AND l.table_id = TG_ARGV[0]::int
          AND l.seq > coalesce((SELECT w.seq FROM cdc.changelog AS w WHERE w.txid = pg_current_xact_id() AND w.op <> 'T'
                                ORDER BY w.seq DESC LIMIT 1), 0)
          AND (l.columns IS NULL OR EXISTS (
              SELECT FROM pg_partition_ancestors(TG_RELID) AS a
              JOIN pg_class AS c ON c.oid = a.relid
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
              WHERE l.columns = ARRAY[n.nspname::text, c.relname::text]))
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO cdc.changelog (table_id, op, columns, seen)
    SELECT TG_ARGV[0]::int, 'T',
           (SELECT CASE WHEN c.relid <> TG_RELID THEN ARRAY[TG_TABLE_SCHEMA::text, TG_TABLE_NAME::text] END
            FROM cdc.captured_table AS c WHERE c.id = TG_ARGV[0]::int),
           (SELECT p.seen FROM cdc.position AS p WHERE p.entity = '' LIMIT 1);
    IF current_setting('max_prepared_transactions') = '0'
       AND NOT pg_try_advisory_xact_lock_shared(6513763, 1) THEN
        PERFORM cdc.wake();
    END IF;
    RETURN NULL;
END
$capture$;
