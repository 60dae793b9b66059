-- Purpose:    Unique indexes that can identify a row, with the equality operator each column is compared by.
-- Parameters: $1 schemas, text[].
-- Result:     one row per index: relid, is_primary, column_names text[], operators text[] (qualified, unquoted
--             operator symbols cannot hold SQL: they come from pg_operator), not_null.
SELECT i.indrelid AS relid, i.indisprimary AS is_primary,
       array_agg(a.attname::text ORDER BY k.ord) AS column_names,
       array_agg(quote_ident(pn.nspname) || '.' || o.oprname ORDER BY k.ord) AS operators,
       bool_and(a.attnotnull) AS not_null
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT x.attnum, x.opclass, x.ord
                    FROM unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS x (attnum, opclass, ord)
                    WHERE x.ord <= i.indnkeyatts) k
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_opclass oc ON oc.oid = k.opclass
JOIN pg_amop am ON am.amopfamily = oc.opcfamily AND am.amopstrategy = 3
               AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype
JOIN pg_operator o ON o.oid = am.amopopr
JOIN pg_namespace pn ON pn.oid = o.oprnamespace
WHERE n.nspname = ANY ($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND 0 <> ALL (i.indkey)
GROUP BY i.indexrelid, i.indrelid, i.indisprimary
