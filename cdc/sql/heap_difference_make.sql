-- Purpose:    A place for the list of differing contents.
-- Parameters: {difference}.
-- Result:     none.
CREATE TEMP TABLE {difference} (hash bigint, here bigint, other bigint) ON COMMIT DROP
