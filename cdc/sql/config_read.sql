-- Purpose:    Every pause, policy and choice that people made, and what the service says of itself. On MAIN.
-- Parameters: none.
-- Result:     key, value (text), updated_at, updated_by; a handful of rows.
SELECT c.key, c.value::text AS value, c.updated_at, c.updated_by
FROM cdc.backup_config c
ORDER BY c.key
