-- Purpose:    Keep default privileges from opening schema cdc to others, as it is made; what is granted later stays.
-- Parameters: none.
-- Result:     no rights on the schema for anyone but its owner, without which those on what is in it are of no use.
DO $closed$
DECLARE
    other name;
BEGIN
    FOR other IN
        SELECT DISTINCT r.rolname
        FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
        WHERE n.nspname = 'cdc' AND a.grantee <> n.nspowner
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA cdc FROM %I', other);
    END LOOP;
END
$closed$
