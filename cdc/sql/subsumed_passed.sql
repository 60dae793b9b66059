-- Purpose:    Forget which changes a decision settled once all of them have passed.
-- Parameters: $1 source, $2 what has been applied of it, text.
-- Result:     none.
UPDATE cdc.sync_state SET subsumed = NULL
WHERE subsumed IS NOT NULL AND source = $1 AND NOT unfinished
  AND pg_snapshot_xmax(subsumed) <= pg_snapshot_xmin($2::text::pg_snapshot)
