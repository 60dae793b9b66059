-- Purpose:    Notice that tables of the wanted schemas appeared, went or changed, cheaply enough to ask every few seconds.
-- Parameters: $1 schemas, text[].
-- Result:     one text; another text means: look at the catalog again. It covers what the catalog query and the column
--             lists depend on, and not what a VACUUM or an ANALYZE changes.
SELECT md5(concat_ws(' ',
    (SELECT sum(hashtextextended(concat_ws(' ', c.oid, c.relnamespace, c.relname, c.relkind, c.relpersistence,
                c.relowner, c.relispartition, c.relrowsecurity, c.relforcerowsecurity), 0)::numeric)
     FROM pg_class AS c WHERE c.relnamespace = ANY (w.ids) AND c.relkind IN ('r', 'p', 'f', 'S')),
    (SELECT sum(hashtextextended(concat_ws(' ', a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod,
                a.attnotnull, a.attisdropped, a.attgenerated, a.attidentity, a.attcollation), 0)::numeric)
     FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = ANY (w.ids) AND c.relkind IN ('r', 'p', 'f')),
    (SELECT sum(hashtextextended(concat_ws(' ', i.indexrelid, i.indrelid, i.indkey, i.indisunique, i.indisprimary,
                i.indimmediate, i.indisvalid), 0)::numeric)
     FROM pg_class AS c JOIN pg_index AS i ON i.indrelid = c.oid
     WHERE c.relnamespace = ANY (w.ids) AND c.relkind IN ('r', 'p')),
    (SELECT sum(hashtextextended(concat_ws(' ', i.inhrelid, i.inhparent), 0)::numeric)
     FROM pg_class AS c JOIN pg_inherits AS i ON i.inhparent = c.oid WHERE c.relnamespace = ANY (w.ids)),
    (SELECT sum(hashtextextended(concat_ws(' ', k.oid, k.conname, k.contype, k.condeferrable, k.condeferred,
                k.convalidated, k.confrelid, k.conkey, k.confdeltype, k.confupdtype), 0)::numeric)
     FROM pg_constraint AS k WHERE k.connamespace = ANY (w.ids)),
    (SELECT sum(hashtextextended(concat_ws(' ', t.oid, t.tgname, t.tgenabled, t.tgfoid), 0)::numeric)
     FROM pg_class AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal
     WHERE c.relnamespace = ANY (w.ids))
)) AS fingerprint
FROM (SELECT array_agg(n.oid) AS ids FROM pg_namespace AS n WHERE n.nspname = ANY ($1::text[]::name[])) AS w
