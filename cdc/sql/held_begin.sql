-- Purpose:    Hold a table: from here on its changes are passed over by the link and kept at the source.
-- Parameters: $1 source, $2 the table's number there, $3 entity, as it is called now, $4 reason. A table that is held
--             already keeps its position.
-- Result:     none.
WITH known AS (
    UPDATE cdc.position p SET entity = $3, reason = $4
    WHERE p.source = $1 AND p.table_id = $2 AND p.entity <> ''
    RETURNING 1
)
INSERT INTO cdc.position (source, entity, table_id, epoch, seen, window_to, last_seq, state, reason)
SELECT source, $3, $2, epoch, seen, window_to, last_seq, 'held', $4 FROM cdc.position
WHERE source = $1 AND entity = '' AND NOT EXISTS (SELECT FROM known) FOR UPDATE
