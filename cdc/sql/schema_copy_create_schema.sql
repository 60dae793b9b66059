-- Purpose:    Make a schema where it is missing.
-- Parameters: {schema} the schema.
-- Result:     none.
CREATE SCHEMA IF NOT EXISTS {schema}
