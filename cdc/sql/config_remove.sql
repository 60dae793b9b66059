-- Purpose:    Forget one setting of the running system and wake whoever listens for such changes.
-- Parameters: $1 key.
-- Result:     one row where there was such a setting, else none.
WITH gone AS (
    DELETE FROM cdc.backup_config WHERE key = $1 RETURNING key
)
SELECT pg_notify('cdc_config', '') FROM gone
