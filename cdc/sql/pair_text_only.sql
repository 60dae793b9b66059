-- Purpose:    Tables that binary COPY cannot carry to another database: a column whose binary form holds oids of this
--             one (arrays of its own types, composites, regclass and its like), or that has no binary form.
-- Parameters: $1 schemas, text[].
-- Result:     relid of each.
WITH RECURSIVE part AS (
    SELECT a.attrelid, a.atttypid AS typid
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    -- A domain stands for its base type, an array for its elements.
    SELECT p.attrelid, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
    FROM part p
    JOIN pg_type t ON t.oid = p.typid
    WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typlen = -1)
)
SELECT DISTINCT p.attrelid AS relid
FROM part p
JOIN pg_type t ON t.oid = p.typid
WHERE t.typtype = 'c'
   OR (t.typtype <> 'd' AND (t.typsend = 0 OR t.typreceive = 0))
   OR t.typname LIKE 'reg%' AND t.typnamespace = 'pg_catalog'::regnamespace
   OR (t.typelem >= 16384 AND t.typlen = -1 AND t.typtype = 'b')
   OR (t.typtype IN ('r', 'm') AND t.oid >= 16384)
