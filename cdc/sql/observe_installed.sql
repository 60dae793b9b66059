-- Purpose:    Whether schema cdc is in this database, and the server's version and clock.
-- Parameters: none.
-- Result:     one row: installed, version, clock (seconds since 1970).
SELECT to_regclass('cdc.backup_config') IS NOT NULL AND to_regclass('cdc.node') IS NOT NULL AS installed,
       current_setting('server_version') AS version,
       extract(epoch FROM clock_timestamp())::float8 AS clock
