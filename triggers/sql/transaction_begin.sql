-- Purpose:    Make a transaction of the installer independent of the session's settings.
-- Parameters: $1 how long to wait for a lock, milliseconds as text.
-- Result:     settings that end with the transaction.
SELECT set_config('search_path', 'pg_catalog, pg_temp', true), set_config('lock_timeout', $1, true),
       set_config('statement_timeout', '0', true), set_config('row_security', 'off', true)
