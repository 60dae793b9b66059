-- Purpose:    Whether this role may see which tables native logical replication writes to.
-- Parameters: none.
-- Result:     one boolean.
SELECT has_table_privilege('pg_subscription_rel', 'SELECT')
