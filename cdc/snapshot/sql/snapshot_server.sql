-- Purpose:    What a snapshot file says about the server that it is of.
-- Parameters: none.
-- Result:     one row: version (as in server_version_num), encoding, installed (schema cdc is there).
SELECT current_setting('server_version_num')::int AS version,
       pg_encoding_to_char(d.encoding)::text AS encoding, to_regclass('cdc.node') IS NOT NULL AS installed
FROM pg_database d WHERE d.datname = current_database()
