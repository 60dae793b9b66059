-- Purpose:    The schemas that are there.
-- Parameters: none.
-- Result:     name of each.
SELECT n.nspname AS name FROM pg_namespace n
