-- Purpose:    Tell a source what the other side has applied, for whoever asks only this database.
-- Parameters: $1 the snapshot, text.
-- Result:     none; nothing is written where it is known already.
UPDATE cdc.node SET consumed_through = $1::text::pg_snapshot
WHERE consumed_through IS NULL OR consumed_through::text <> $1
