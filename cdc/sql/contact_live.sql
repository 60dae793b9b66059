-- Purpose:    Let the link from a source work.
-- Parameters: $1 source.
-- Result:     none.
UPDATE cdc.position p SET state = 'live' WHERE p.source = $1 AND p.entity = '' AND p.state = 'copying'
