-- Purpose:    Hold a table: from here on its changes are passed over by the link and kept at the source.
-- Parameters: $1 source, $2 entity, $3 reason. A table that is held already keeps its position.
-- Result:     none.
INSERT INTO cdc.position AS p (source, entity, epoch, seen, window_to, last_seq, state, reason)
SELECT source, $2, epoch, seen, window_to, last_seq, 'held', $3 FROM cdc.position
WHERE source = $1 AND entity = '' FOR UPDATE
ON CONFLICT (source, entity) DO UPDATE SET reason = excluded.reason
