-- Purpose:    Wait less for the further locks of a transaction of the installer.
-- Parameters: $1 how long to wait for a lock, milliseconds as text.
-- Result:     a setting that ends with the transaction.
SELECT set_config('lock_timeout', $1, true)
