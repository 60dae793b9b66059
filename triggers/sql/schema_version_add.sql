-- Purpose:    Note that schema cdc has been brought to a version.
-- Parameters: $1 the version, int.
-- Result:     one row in cdc.schema_version.
INSERT INTO cdc.schema_version (version) VALUES ($1)
