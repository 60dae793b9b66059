-- Purpose:    What is here under the name cdc.
-- Parameters: none.
-- Result:     one row: present (a schema of that name), ours (it holds our version table), owned (we may change it).
SELECT n.oid IS NOT NULL AS present, to_regclass('cdc.schema_version') IS NOT NULL AS ours,
       coalesce(pg_has_role(n.nspowner, 'USAGE'), false) AS owned, pg_get_userbyid(n.nspowner)::text AS owner
FROM (SELECT 1) AS always LEFT JOIN pg_namespace AS n ON n.nspname = 'cdc'
