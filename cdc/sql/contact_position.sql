-- Purpose:    Start a link anew: everything visible in a snapshot of its source is in this database.
-- Parameters: $1 source; $2 the source's epoch; $3 seen (text); $4 state.
-- Result:     none.
WITH gone AS (
    DELETE FROM cdc.position p WHERE p.source = $1 AND p.entity <> ''
)
INSERT INTO cdc.position AS p (source, entity, epoch, seen, state)
VALUES ($1, '', $2, $3::text::pg_snapshot, $4)
ON CONFLICT (source, entity, table_id) DO UPDATE
SET epoch = excluded.epoch, seen = excluded.seen, window_to = NULL, last_seq = NULL, last_change = NULL, opening = NULL,
    state = excluded.state, reason = NULL
