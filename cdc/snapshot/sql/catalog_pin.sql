-- Purpose:    Keep a snapshot whatever the retention says, or leave it to that again.
-- Parameters: $1 location, $2 name, $3 who keeps it, null: nobody any more.
-- Result:     the name, or no row where it is not known.
UPDATE cdc.snapshot SET pinned_by = $3 WHERE location = $1 AND name = $2 RETURNING name
