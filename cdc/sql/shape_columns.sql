-- Purpose:    Columns of tables, as apply statements need them.
-- Parameters: $1 schemas, text[].
-- Result:     one row per column, in order: schema_name, table_name, relid, column_name, type_name (as written in
--             DDL, qualified), base_type (a domain's base type, an array of domains' array of it, else the same,
--             without a modifier), full_type (with it), padded_type (what gives a value the digits or blanks that the
--             column gives it; null: nothing), generated, identity, not_null, converts (text has a
--             cast function to the base type, which need not read what the type's output function prints).
WITH RECURSIVE base AS (
    SELECT a.attrelid, a.attnum, a.atttypid AS typid, a.atttypmod AS typmod, 0 AS depth
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    -- A domain, or an array of one: its base type, or an array of that.
    SELECT b.attrelid, b.attnum, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE u.typarray END,
           CASE WHEN d.typtypmod >= 0 THEN d.typtypmod ELSE b.typmod END, b.depth + 1
    FROM base b
    JOIN pg_type t ON t.oid = b.typid
    JOIN pg_type d ON d.typtype = 'd' AND d.oid IN (t.oid, t.typelem)
    JOIN pg_type u ON u.oid = d.typbasetype
), bottom AS (
    SELECT DISTINCT ON (attrelid, attnum) attrelid, attnum, typid, typmod
    FROM base ORDER BY attrelid, attnum, depth DESC
)
SELECT n.nspname AS schema_name, c.relname AS table_name, c.oid AS relid, a.attname AS column_name,
       format_type(a.atttypid, a.atttypmod) AS type_name, format_type(b.typid, -1) AS base_type,
       format_type(b.typid, b.typmod) AS full_type,
       CASE WHEN b.typmod < 0 THEN NULL
            WHEN b.typid IN ('bpchar'::regtype, 'bpchar[]'::regtype) THEN format_type(b.typid, b.typmod)
            WHEN b.typid IN ('numeric'::regtype, 'numeric[]'::regtype)
            THEN format_type(b.typid, ((1000 << 16) | ((b.typmod - 4) & 65535)) + 4) END AS padded_type,
       a.attgenerated::text AS generated, a.attidentity::text AS identity, a.attnotnull AS not_null, a.attnum AS number, a.xmin::text AS version,
       hashint8extended(a.atttypid::bigint, hashint4extended(a.atttypmod, hashnameextended(a.attname, hashnameextended(c.relname, (c.relnamespace::bigint << 32) + c.oid::bigint) # a.attnum))) AS mark,
       EXISTS (SELECT FROM pg_cast k WHERE k.castsource = 'text'::regtype AND k.casttarget = b.typid
                                     AND k.castmethod = 'f') AS converts
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN bottom b ON b.attrelid = a.attrelid AND b.attnum = a.attnum
WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p')
ORDER BY c.oid, a.attnum
