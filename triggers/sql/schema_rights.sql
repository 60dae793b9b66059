-- Purpose:    Keep everyone but the owner out of schema cdc; capture runs with the owner's rights.
-- Parameters: none.
-- Result:     no rights for PUBLIC on the schema, and no EXECUTE on its functions.
REVOKE ALL ON SCHEMA cdc FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA cdc FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cdc FROM PUBLIC
