-- Purpose:    Schema cdc, version 7: what is to be tried again is found by its time, also among many conflicts.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     an index of cdc.sync_state in the place of a narrower one.
CREATE INDEX sync_state_due ON cdc.sync_state (source, status, next_try_at) WHERE next_try_at IS NOT NULL;
DROP INDEX cdc.sync_state_retry;
