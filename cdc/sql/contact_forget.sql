-- Purpose:    Forget the link from a source that is no longer captured, so that it starts with a comparison.
-- Parameters: $1 source.
-- Result:     none.
DELETE FROM cdc.position p WHERE p.source = $1
