-- Purpose:    Notice cheaply that the tables of some schemas, their columns, constraints, unique indexes or partitions, or
--             labels of enums, have been altered, that other tables are captured, or that some are known no longer.
-- Parameters: $1 schemas, text[].
-- Result:     one row: mark (text; another one means: look again) and known (tables that are: fewer mean so too).
SELECT concat_ws(' ',
    (SELECT sum(hashint8extended(a.xmin::text::bigint, a.attnum + a.attrelid::bigint))
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = ANY (w.ids) AND c.relkind IN ('r', 'p')),
    (SELECT sum(hashint8extended((c.relnamespace::bigint << 32) + c.oid::bigint, hashname(c.relname))) FROM pg_class c
     WHERE c.relnamespace = ANY (w.ids) AND c.relkind IN ('r', 'p')),
    (SELECT sum(hashint8extended(i.inhrelid::bigint, i.inhparent::bigint))
     FROM pg_class c JOIN pg_inherits i ON i.inhparent = c.oid WHERE c.relnamespace = ANY (w.ids)),
    (SELECT sum(hashint8extended(o.xmin::text::bigint, o.oid::bigint))
     FROM pg_constraint o WHERE o.connamespace = ANY (w.ids)),
    (SELECT sum(hashint8extended(i.indexrelid::bigint, 0))
     FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid AND i.indisunique WHERE c.relnamespace = ANY (w.ids)),
    (SELECT sum(hashint8extended(e.xmin::text::bigint, e.oid::bigint)) FROM pg_enum e),
    (SELECT sum(hashint8extended(k.relid::bigint, hashtext(k.key_columns::text))) FROM cdc.captured_table k)
) AS mark, (SELECT count(*) FROM cdc.definition) AS known
FROM (SELECT array_agg(n.oid) AS ids FROM pg_namespace n WHERE n.nspname = ANY ($1::text[]::name[])) w
