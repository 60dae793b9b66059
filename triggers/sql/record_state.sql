-- Purpose:    How a record stands, as this database knows it; derived, so that nothing is written per synced record.
-- Parameters: entity and entity_id in the contract's form; applied: what the other side has applied of this one, a
--             snapshot's text. Without it, what was last reported here, which may be half a minute old.
-- Result:     none or one row: state (CONFLICT, PENDING, RESOLVED or SYNCED) and since when, when the last conflict
--             was detected and resolved, how and by whom. No row: no such table is captured here, and nothing is
--             known of the record. Changes captured before the table's columns or their types changed count as the record's.
CREATE OR REPLACE FUNCTION cdc.record_state(entity text, entity_id text, applied text DEFAULT NULL)
RETURNS TABLE (state text, since timestamptz, detected_at timestamptz, resolved_at timestamptz, resolution text,
               resolved_by text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET TimeZone = 'UTC'
SET extra_float_digits = 3
SET bytea_output = 'hex'
SET lc_monetary = 'C'
SET quote_all_identifiers = off
AS $state$
#variable_conflict use_column
DECLARE
    known   record;
    entry   record;
    seen    pg_snapshot := coalesce(record_state.applied::pg_snapshot, (SELECT n.consumed_through FROM cdc.node n));
    key     text;
    parts   text[];
    wanted  text;
    unseen  text;
    waiting timestamptz;
BEGIN
    SELECT t.id, t.key_columns, c.oid::regclass AS relation,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
    INTO known
    FROM cdc.captured_table t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END = record_state.entity;
    SELECT s.* INTO entry FROM cdc.sync_state s
    WHERE s.entity = record_state.entity AND s.entity_id = record_state.entity_id
      -- Not what only says that changes on their way are settled already: the row was fetched.
      AND NOT (s.status = 'CONVERGED' AND s.subsumed IS NOT NULL AND s.reason IS NULL)
    ORDER BY s.status IN ('OPEN', 'DEFERRED') DESC, s.id DESC LIMIT 1;
    IF known.id IS NULL AND entry.id IS NULL THEN
        RETURN;
    END IF;
    IF seen IS NOT NULL AND cardinality(known.key_columns) > 0 AND entry.status IS DISTINCT FROM 'OPEN' THEN
        parts := CASE cardinality(known.key_columns) WHEN 1 THEN ARRAY[record_state.entity_id]
                      ELSE ARRAY(SELECT replace(replace(p.part, '%2C', ','), '%25', '%')
                                 FROM unnest(string_to_array(record_state.entity_id, ',')) WITH ORDINALITY AS p (part, place)
                                 ORDER BY p.place) END;
        -- Numbers are named without the zeros at their end, and are printed with them.
        SELECT string_agg(format(CASE a.atttypid WHEN 'numeric'::regtype THEN '(i.image::%1$s).%2$I = %3$L::numeric'
                                 ELSE '(i.image::%1$s).%2$I::text = %3$L' END, known.relation, k.name, k.part), ' AND ')
        INTO key
        FROM ROWS FROM (unnest(known.key_columns), unnest(parts)) AS k (name, part)
        LEFT JOIN pg_attribute a ON a.attrelid = known.relation AND a.attname = k.name;
        -- A change recorded by key only has the key as a row of its own.
        EXECUTE format('SELECT ROW(%s)::text', (SELECT string_agg(quote_nullable(p.part), ',' ORDER BY p.place)
                                                FROM unnest(parts) WITH ORDINALITY AS p (part, place))) INTO wanted;
        unseen := 'SELECT min(l.at) FROM cdc.changelog l '
                  'CROSS JOIN LATERAL (VALUES (l.old), (coalesce(l.new, l.op::text))) AS i (image) '
                  'WHERE l.txid >= pg_snapshot_xmin($2) AND NOT pg_visible_in_snapshot(l.txid, $2) '
                  'AND l.table_id = $1 AND i.image IS NOT NULL '
                  'AND CASE WHEN l.op = ''T'' THEN true WHEN i.image = ''D'' THEN false '
                  'WHEN l.op = ''K'' AND l.columns = $4 THEN i.image = $5 '
                  'WHEN l.columns = $3 THEN %s ELSE true END';
        BEGIN
            EXECUTE format(unseen, key) INTO waiting USING known.id, seen, known.columns, known.key_columns, wanted;
        EXCEPTION WHEN data_exception THEN  -- printed when a column was of another type: they count as the record's
            EXECUTE format(unseen, 'true') INTO waiting USING known.id, seen, known.columns, known.key_columns, wanted;
        END;
    END IF;
    RETURN QUERY SELECT
        CASE WHEN entry.status = 'OPEN' THEN 'CONFLICT' WHEN entry.status = 'DEFERRED' OR waiting IS NOT NULL THEN 'PENDING'
             WHEN entry.id IS NOT NULL THEN 'RESOLVED' ELSE 'SYNCED' END,
        CASE WHEN entry.status = 'OPEN' THEN entry.detected_at
             WHEN entry.status = 'DEFERRED' THEN least(entry.detected_at, waiting)
             ELSE coalesce(waiting, entry.resolved_at) END,
        entry.detected_at::timestamptz, entry.resolved_at::timestamptz, entry.resolution::text, entry.resolved_by::text;
END
$state$
