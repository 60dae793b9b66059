-- Purpose:    A place for the list of differing contents as the other side found it.
-- Parameters: {difference}.
-- Result:     none.
CREATE TEMP TABLE {difference} (hash bigint, here bigint, other bigint) ON COMMIT DROP
