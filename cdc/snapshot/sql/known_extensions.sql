-- Purpose:    The extensions that this server could make.
-- Parameters: none.
-- Result:     name of each.
SELECT e.name::text AS name FROM pg_available_extensions e
