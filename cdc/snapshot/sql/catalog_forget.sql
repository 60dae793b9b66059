-- Purpose:    Forget a snapshot file that was removed, and the entry of the backup that wrote it with it. Entries of
--             exports and restores stay: they are about what a person did.
-- Parameters: $1 location, $2 name.
-- Result:     none.
WITH gone AS (
    DELETE FROM cdc.snapshot WHERE location = $1 AND name = $2 RETURNING history_id
)
DELETE FROM cdc.backup_history h USING gone
WHERE h.id = gone.history_id AND h.type = 'FULL' AND h.status = 'COMPLETED'
