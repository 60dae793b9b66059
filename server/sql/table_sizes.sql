-- Purpose:    How large tables are, to tell those whose rows can be counted from those whose rows are estimated.
-- Parameters: $1 schemas, $2 names, in step.
-- Result:     for each of them that is there: schema_name, table_name, bytes (its partitions' too), estimate of its
--             rows (null where it was never analysed).
SELECT w.schema_name, w.table_name, coalesce(sum(pg_relation_size(p.relid)), 0)::bigint AS bytes,
       (sum(l.reltuples) FILTER (WHERE l.reltuples >= 0))::bigint AS estimate
FROM unnest($1::text[], $2::text[]) AS w (schema_name, table_name)
JOIN pg_namespace n ON n.nspname = w.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
CROSS JOIN LATERAL (
    SELECT c.oid AS relid
    UNION
    SELECT t.relid FROM pg_partition_tree(c.oid) t WHERE t.isleaf
) p
JOIN pg_class l ON l.oid = p.relid
GROUP BY w.schema_name, w.table_name
