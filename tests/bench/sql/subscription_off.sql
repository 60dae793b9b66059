-- Purpose:    Stop receiving.
-- Parameters: none.
-- Result:     the subscription's worker ends, soon.

ALTER SUBSCRIPTION bench DISABLE;
