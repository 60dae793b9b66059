-- Purpose:    Work as a replica, so that people's triggers do not fire twice.
-- Parameters: $1 for how long, `transaction` or `session`.
-- Result:     one row; an error where the role may not set it. A role that an administrator has set it for may not, and need
--             not: it works as a replica from the beginning, and cannot do otherwise.
SELECT set_config(CASE WHEN current_setting('session_replication_role') = 'replica' THEN 'cdc.role'
                       ELSE 'session_replication_role' END, 'replica', $1::text = 'transaction')
