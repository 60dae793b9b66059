-- Purpose:    Note how far a held table has caught up, and set the applying transaction up.
-- Parameters: $1 source, $2 the table's number there, $3 seen, $4 window_to, $5 last_seq.
-- Result:     one row.
UPDATE cdc.position p SET seen = $3::text::pg_snapshot, window_to = $4::text::pg_snapshot, last_seq = $5
WHERE p.source = $1 AND p.table_id = $2 AND p.entity <> ''
RETURNING set_config('cdc.applying', 'on', true)
