-- Purpose:    Schema cdc, version 3: a change that a position is known to include.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     one more column, null where nothing was applied since.

-- The last change applied, as `transaction/seq/at`. It stays in the source's changelog for as long as it is the
-- last: a source that does not have it any more was rolled back, even if it has made more transactions since.
ALTER TABLE cdc.position ADD COLUMN last_change text;
