-- Purpose:    The extensions of a database, with the schema of each.
-- Parameters: none.
-- Result:     name, schema_name; those that others require first.
SELECT e.extname AS name, n.nspname AS schema_name
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql'
ORDER BY (SELECT count(*) FROM pg_depend d
          WHERE d.classid = 'pg_extension'::regclass AND d.objid = e.oid
            AND d.refclassid = 'pg_extension'::regclass), e.oid
