-- Purpose:    Read what this database has applied of a source.
-- Parameters: $1 source.
-- Result:     none or one row: epoch, opening, seen, window_to, last_seq, last_change, applied_total, last_applied_at.
SELECT epoch, opening, seen::text AS seen, window_to::text AS window_to, last_seq, last_change, applied_total, last_applied_at
FROM cdc.position WHERE source = $1 AND entity = ''
