-- Purpose:    Identity of this database's history: changes when it is replaced, rolled back, promoted or cloned.
-- Parameters: none.
-- Result:     one row: token, system_identifier, timeline, database_oid, all as text.
SELECT n.token::text                                                  AS token,
       (SELECT s.system_identifier::text FROM pg_control_system() s)  AS system_identifier,
       CASE WHEN pg_is_in_recovery() THEN 'standby'
            ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline,
       (SELECT d.oid::text FROM pg_database d WHERE d.datname = current_database()) AS database_oid
FROM cdc.node n
