-- Purpose:    Schema cdc, version 4: nothing yet.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     none.
SELECT 1
