-- Purpose:    Make the open transaction one of ours: its writes are not captured.
-- Parameters: $1 replication role (replica, or null to leave it, which needs no right); $2 synchronous_commit.
-- Result:     one row.
SELECT set_config('cdc.applying', 'on', true),
       set_config('synchronous_commit', $2, true),
       set_config(CASE WHEN $1::text IS NULL OR $1 = current_setting('session_replication_role') THEN 'cdc.role'
                       ELSE 'session_replication_role' END, coalesce($1, ''), true)
