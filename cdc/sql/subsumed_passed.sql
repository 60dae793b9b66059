-- Purpose:    Forget which changes a decision, or a row that was fetched, settled once all of them have passed.
-- Parameters: $1 source, $2 what has been applied of it, text.
-- Result:     none. Entries that wait for their row to be fetched keep it; one that was never shown disappears.
WITH gone AS (
    DELETE FROM cdc.sync_state
    WHERE subsumed IS NOT NULL AND source = $1 AND status = 'CONVERGED' AND reason IS NULL
      AND pg_snapshot_xmax(subsumed) <= pg_snapshot_xmin($2::text::pg_snapshot)
)
UPDATE cdc.sync_state SET subsumed = NULL
WHERE subsumed IS NOT NULL AND source = $1 AND NOT unfinished
  AND (status = 'RESOLVED' OR status = 'CONVERGED' AND reason IS NOT NULL)
  AND pg_snapshot_xmax(subsumed) <= pg_snapshot_xmin($2::text::pg_snapshot)
