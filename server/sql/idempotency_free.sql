-- Purpose:    Give a key back whose request could not begin anything.
-- Parameters: $1 actor; $2 key.
-- Result:     no rows.
DELETE FROM cdc.idempotency WHERE actor = $1 AND key = $2 AND operation IS NULL
