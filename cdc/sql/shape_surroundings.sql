-- Purpose:    What else a write to a table meets: rights, row-level security, and people's own triggers and rules.
-- Parameters: $1 schemas, text[].
-- Result:     one row per table: relid, schema_name, table_name, storage; ordered (all partitions have their columns
--             in the table's order); forbidden (this role may not read and write it), hidden (row-level security would
--             hide rows from this role); triggers and rules, text[], that fire in ordinary sessions, replica_triggers and
--             replica_rules that fire as a replica, those of partitions too; mark, as position_advance sums it up.
SELECT c.oid AS relid, n.nspname AS schema_name, c.relname AS table_name, c.relfilenode::bigint AS storage,
       c.relkind = 'r' OR NOT EXISTS (
           SELECT FROM pg_partition_tree(c.oid) p
           WHERE (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
                  WHERE a.attrelid = p.relid AND a.attnum > 0 AND NOT a.attisdropped)
                 IS DISTINCT FROM
                 (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS ordered,
       NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
            AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) AS forbidden,
       row_security_active(c.oid) AS hidden,
       coalesce(f.triggers, '{}') AS triggers, coalesce(f.replica_triggers, '{}') AS replica_triggers,
       coalesce(r.rules, '{}') AS rules, coalesce(r.replica_rules, '{}') AS replica_rules,
       hashint4extended(c.oid::int, c.relrowsecurity::int + 2 * c.relforcerowsecurity::int + 4 * c.relhasrules::int)
           + coalesce(m.mark, 0) AS mark
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT t.tgname::text) FILTER (WHERE t.tgenabled IN ('O', 'A')) AS triggers,
           array_agg(DISTINCT t.tgname::text) FILTER (WHERE t.tgenabled IN ('R', 'A')) AS replica_triggers
    FROM (SELECT c.oid AS relid UNION SELECT p.relid FROM pg_partition_tree(c.oid) p) tree
    JOIN pg_trigger t ON t.tgrelid = tree.relid
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_namespace pn ON pn.oid = p.pronamespace
    -- A TRUNCATE is applied as deletes.
    WHERE NOT t.tgisinternal AND pn.nspname <> 'cdc' AND t.tgtype::int & 28 <> 0
) f
CROSS JOIN LATERAL (
    SELECT array_agg(w.rulename::text) FILTER (WHERE w.ev_enabled IN ('O', 'A')) AS rules,
           array_agg(w.rulename::text) FILTER (WHERE w.ev_enabled IN ('R', 'A')) AS replica_rules
    FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type <> '1'
) r
CROSS JOIN LATERAL (
    SELECT sum(hashint4extended(t.oid::int, ascii(t.tgenabled::text))) AS mark
    FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
) m
WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p')
