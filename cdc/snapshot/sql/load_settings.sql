-- Purpose:    Settings of a transaction that fills new tables: rows are read back in the order in which they lie, and
--             indexes are built in memory where they fit.
-- Parameters: none.
-- Result:     one row.
SELECT set_config('synchronize_seqscans', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('maintenance_work_mem', greatest(s.setting::bigint, 262144)::text, true)
FROM pg_settings s WHERE s.name = 'maintenance_work_mem'
