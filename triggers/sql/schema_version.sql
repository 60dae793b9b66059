-- Purpose:    How far schema cdc has been migrated.
-- Parameters: none.
-- Result:     one int.
SELECT coalesce(max(version), 0) FROM cdc.schema_version
