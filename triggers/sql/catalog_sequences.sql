-- Purpose:    The sequences that number rows of these tables: serial, identity, or any other in a column's default.
-- Parameters: $1 tables, oid[].
-- Result:     one row per sequence: relid (the first table that uses it), schema_name, sequence_name, owner, owned
--             (we may alter it), increment, maximum, cycles; tables come in the order of their names.
SELECT DISTINCT ON (n.nspname, s.relname)
       u.relid, n.nspname::text AS schema_name, s.relname::text AS sequence_name,
       pg_get_userbyid(s.relowner)::text AS owner, pg_has_role(s.relowner, 'USAGE') AS owned,
       q.seqincrement AS increment, q.seqmax AS maximum, q.seqcycle AS cycles
FROM (SELECT d.refobjid AS relid, d.objid AS sequence
      FROM pg_depend AS d
      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = ANY ($1) AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
      UNION ALL
      SELECT f.adrelid, d.refobjid
      FROM pg_attrdef AS f
      JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                         AND d.refclassid = 'pg_class'::regclass
      WHERE f.adrelid = ANY ($1)) AS u
JOIN pg_class AS c ON c.oid = u.relid
JOIN pg_class AS s ON s.oid = u.sequence AND s.relkind = 'S'
JOIN pg_namespace AS n ON n.oid = s.relnamespace
JOIN pg_sequence AS q ON q.seqrelid = s.oid
ORDER BY n.nspname, s.relname, c.relname
