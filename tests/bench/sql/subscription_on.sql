-- Purpose:    Start receiving.
-- Parameters: none.
-- Result:     the subscription's worker starts.

ALTER SUBSCRIPTION bench ENABLE;
