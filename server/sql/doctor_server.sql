-- Purpose:    What `cdc doctor` wants to know of a server and of the role that the service uses there.
-- Parameters: none.
-- Result:     one row: version_number, version, role, superuser, may_create (schema cdc, or it is there),
--             may_make_temporary (objects), may_replicate (set session_replication_role), prepared
--             (max_prepared_transactions), temp_file_limit (kB, -1: none), fsync, free_connections, in_recovery, now (the server's clock), encoding, size (bytes).
SELECT current_setting('server_version_num')::int                                  AS version_number,
       current_setting('server_version')                                           AS version,
       current_user::text                                                          AS role,
       (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user)          AS superuser,
       has_database_privilege(current_database(), 'CREATE')
           OR to_regnamespace('cdc') IS NOT NULL                                   AS may_create,
       has_database_privilege(current_database(), 'TEMPORARY')                     AS may_make_temporary,
       current_setting('max_prepared_transactions')::int                           AS prepared,
       (SELECT s.setting::bigint FROM pg_settings s WHERE s.name = 'temp_file_limit') AS temp_file_limit,
       current_setting('fsync') = 'on'                                             AS fsync,
       current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity)::int AS free_connections,
       pg_is_in_recovery()                                                         AS in_recovery,
       clock_timestamp()                                                           AS now,
       (SELECT pg_encoding_to_char(d.encoding) FROM pg_database d
        WHERE d.datname = current_database())                                      AS encoding
