-- Purpose:    Which text each function in schema cdc was made from.
-- Parameters: none.
-- Result:     name, digest (the comment the installer left; null: none).
SELECT p.proname::text AS name, obj_description(p.oid, 'pg_proc') AS digest
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'cdc'
