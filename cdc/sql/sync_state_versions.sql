-- Purpose:    Give a key's open conflict both sides' rows as they were found, so that no version is only in a table.
-- Parameters: $1 entity, $2 entity_id, $3 incoming, $4 current (json texts or nulls).
-- Result:     none.
UPDATE cdc.sync_state
SET incoming = $3::text::json, current = $4::text::json, updated_at = clock_timestamp(), version = version + 1
WHERE entity = $1 AND entity_id = $2 AND status = 'OPEN'
  AND (incoming::text IS DISTINCT FROM $3 OR current::text IS DISTINCT FROM $4)
