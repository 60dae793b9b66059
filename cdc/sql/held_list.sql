-- Purpose:    Tables that are held, and what each has applied.
-- Parameters: $1 source.
-- Result:     table_id (its number at the source; 0: held by its name alone), entity, epoch, seen, window_to, last_seq,
--             reason.
SELECT table_id, entity, epoch, seen::text AS seen, window_to::text AS window_to, last_seq, reason
FROM cdc.position WHERE source = $1 AND entity <> '' AND state = 'held' ORDER BY entity, table_id
