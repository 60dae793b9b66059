-- Purpose:    Schema cdc, version 8: changes of a row that arrive in parts, and in another order than they were made.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     one more column of cdc.sync_state, null in what is there.
ALTER TABLE cdc.sync_state
    ADD COLUMN gap json;                                  -- DEFERRED: rows between which changes are still to come
