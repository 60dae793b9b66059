-- Purpose:    Between measurements with nobody reading, what was captured is thrown away.
-- Parameters: none.
-- Result:     the changelog is empty.

TRUNCATE cdc.changelog;
