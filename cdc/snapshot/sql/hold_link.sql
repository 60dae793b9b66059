-- Purpose:    Keep the link that writes here from applying anything until the transaction ends.
-- Parameters: $1 its source.
-- Result:     none.
SELECT FROM cdc.position p WHERE p.source = $1 FOR UPDATE
