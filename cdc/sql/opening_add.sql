-- Purpose:    Note in a source that a link is opened from it, before its target does.
-- Parameters: $1 the opening's name.
-- Result:     none.
UPDATE cdc.node SET openings = (ARRAY[$1::text] || openings)[1:64]
