-- Purpose:    Make an extension where it is missing, in the schema it has on the other side.
-- Parameters: {extension} the extension; {schema} its schema.
-- Result:     none.
CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA {schema}
