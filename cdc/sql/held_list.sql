-- Purpose:    Tables that are held, and what each has applied.
-- Parameters: $1 source.
-- Result:     entity, epoch, seen, window_to, last_seq, reason.
SELECT entity, epoch, seen::text AS seen, window_to::text AS window_to, last_seq, reason
FROM cdc.position WHERE source = $1 AND entity <> '' AND state = 'held' ORDER BY entity
