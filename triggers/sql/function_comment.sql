-- Purpose:    Compose the statement that notes on a function of ours which text it was made from.
-- Parameters: $1 the function's name, $2 the digest of its text.
-- Result:     the statement, to be executed.
SELECT format('COMMENT ON FUNCTION cdc.%I IS %L', $1::text, $2::text)
