-- Purpose:    Whether schema cdc is in this database, and the server's version.
-- Parameters: none.
-- Result:     one row: installed, version.
SELECT to_regclass('cdc.backup_config') IS NOT NULL AND to_regclass('cdc.node') IS NOT NULL AS installed,
       current_setting('server_version') AS version
