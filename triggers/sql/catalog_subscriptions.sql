-- Purpose:    Tables that native logical replication writes to; its workers fire no statement triggers.
-- Parameters: none.
-- Result:     relid of each.
SELECT srrelid AS relid FROM pg_subscription_rel
