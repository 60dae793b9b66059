-- Purpose:    A unique index or exclusion constraint by its name, as what has to differ between two rows.
-- Parameters: $1 the table, oid; $2 the index's name, the table's own or a partition's.
-- Result:     none or one row: elements text[] (expressions over the table's columns), operators text[] (qualified),
--             predicate (true where all rows are meant).
SELECT array_agg(pg_get_indexdef(i.indexrelid, k.ord::int, false) ORDER BY k.ord) AS elements,
       array_agg(quote_ident(ons.nspname) || '.' || o.oprname ORDER BY k.ord) AS operators,
       coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') AS predicate
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x')
CROSS JOIN LATERAL (SELECT x.opclass, x.ord FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS x (opclass, ord)
                    WHERE x.ord <= i.indnkeyatts) k
JOIN pg_opclass oc ON oc.oid = k.opclass
JOIN pg_operator o ON o.oid = coalesce(con.conexclop[k.ord], (
    SELECT am.amopopr FROM pg_amop am
    WHERE am.amopfamily = oc.opcfamily AND am.amopstrategy = 3
      AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype))
JOIN pg_namespace ons ON ons.oid = o.oprnamespace
WHERE c.relname = $2 AND (i.indrelid = $1::oid OR i.indrelid IN (SELECT p.relid FROM pg_partition_tree($1::oid) p))
GROUP BY i.indexrelid, i.indrelid, i.indpred
LIMIT 1
