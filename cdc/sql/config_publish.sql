-- Purpose:    Keep what the working service says of itself, without waking anybody.
-- Parameters: $1 value (text of json), $2 who.
-- Result:     none.
INSERT INTO cdc.backup_config (key, value, updated_by)
VALUES ('service', $1::text::json, $2)
ON CONFLICT (key) DO UPDATE
    SET value = excluded.value, updated_at = clock_timestamp(), updated_by = excluded.updated_by
