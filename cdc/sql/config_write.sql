-- Purpose:    Keep one setting of the running system and wake whoever listens for such changes.
-- Parameters: $1 key, $2 value (text of json), $3 who.
-- Result:     one row: the notification's empty result.
WITH kept AS (
    INSERT INTO cdc.backup_config (key, value, updated_by)
    VALUES ($1, $2::text::json, $3)
    ON CONFLICT (key) DO UPDATE
        SET value = excluded.value, updated_at = clock_timestamp(), updated_by = excluded.updated_by
    RETURNING key
)
SELECT pg_notify('cdc_config', '') FROM kept
