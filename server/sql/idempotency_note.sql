-- Purpose:    Note which operation a request with a key began.
-- Parameters: $1 actor; $2 key; $3 id of the operation.
-- Result:     no rows.
UPDATE cdc.idempotency SET operation = $3 WHERE actor = $1 AND key = $2
