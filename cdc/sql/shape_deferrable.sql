-- Purpose:    Unique and exclusion constraints that the server may check late.
-- Parameters: $1 schemas, text[].
-- Result:     one row per constraint: relid, name; elements text[] (expressions over the table's columns), operators
--             text[] (qualified), predicate (true where all rows are meant), nulls_equal.
SELECT con.conrelid AS relid, con.conname::text AS name,
       array_agg(pg_get_indexdef(i.indexrelid, k.ord::int, false) ORDER BY k.ord) AS elements,
       array_agg(quote_ident(ons.nspname) || '.' || o.oprname ORDER BY k.ord) AS operators,
       coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') AS predicate,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_equal
FROM pg_constraint con
JOIN pg_class c ON c.oid = con.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_index i ON i.indexrelid = con.conindid
CROSS JOIN LATERAL (SELECT x.opclass, x.ord FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS x (opclass, ord)
                    WHERE x.ord <= i.indnkeyatts) k
JOIN pg_opclass oc ON oc.oid = k.opclass
JOIN pg_operator o ON o.oid = coalesce(con.conexclop[k.ord], (
    SELECT am.amopopr FROM pg_amop am
    WHERE am.amopfamily = oc.opcfamily AND am.amopstrategy = 3
      AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype))
JOIN pg_namespace ons ON ons.oid = o.oprnamespace
WHERE con.condeferrable AND con.contype IN ('p', 'u', 'x') AND n.nspname = ANY ($1) AND c.relkind IN ('r', 'p')
GROUP BY con.oid, con.conrelid, con.conname, i.indexrelid, i.indrelid, i.indpred, to_jsonb(i) ->> 'indnullsnotdistinct'
