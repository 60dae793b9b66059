-- Purpose:    The tables whose changes are captured.
-- Parameters: none.
-- Result:     schema_name, table_name.
SELECT t.schema_name, t.table_name FROM cdc.captured_table t
WHERE EXISTS (SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE g.tgrelid = t.relid AND n.nspname = 'cdc' AND g.tgenabled <> 'D')
