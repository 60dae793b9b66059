-- Purpose:    Unique and exclusion constraints that the server may check late.
-- Parameters: $1 schemas, text[].
-- Result:     one row per constraint: relid, name; elements text[] (expressions over the table's columns), operators
--             text[] (qualified), predicate (true where all rows are meant), nulls_equal.
WITH found AS MATERIALIZED (
    SELECT con.conrelid, con.conname, con.conexclop, i.indexrelid, i.indrelid, i.indpred, i.indnkeyatts,
           i.indclass::oid[] AS classes, to_jsonb(i) ->> 'indnullsnotdistinct' AS nulls_equal
    FROM pg_constraint con
    JOIN pg_class c ON c.oid = con.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_index i ON i.indexrelid = con.conindid
    WHERE con.condeferrable AND con.contype IN ('p', 'u', 'x') AND n.nspname = ANY ($1::text[]::name[])
      AND c.relkind IN ('r', 'p')
)
SELECT f.conrelid AS relid, f.conname::text AS name, k.elements, k.operators,
       coalesce(pg_get_expr(f.indpred, f.indrelid), 'true') AS predicate,
       coalesce(f.nulls_equal::boolean, false) AS nulls_equal
FROM found f
CROSS JOIN LATERAL (
    SELECT array_agg(pg_get_indexdef(f.indexrelid, x.ord::int, false) ORDER BY x.ord) AS elements,
           array_agg(quote_ident(ons.nspname) || '.' || o.oprname ORDER BY x.ord) AS operators
    FROM unnest(f.classes) WITH ORDINALITY AS x (opclass, ord)
    JOIN pg_operator o ON o.oid = coalesce(f.conexclop[x.ord], (
        SELECT am.amopopr
        FROM pg_opclass oc
        JOIN pg_amop am ON am.amopfamily = oc.opcfamily AND am.amopstrategy = 3
                       AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype
        WHERE oc.oid = x.opclass))
    JOIN pg_namespace ons ON ons.oid = o.oprnamespace
    WHERE x.ord <= f.indnkeyatts
) k
