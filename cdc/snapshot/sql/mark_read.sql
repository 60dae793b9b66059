-- Purpose:    What tells whether anything was committed between two moments, read before a snapshot is taken.
-- Parameters: $1 schemas whose tables a snapshot holds, text[].
-- Result:     one row: changes (numbers given out by the changelog), own_writes (statements of our own transactions,
--             which no changelog has), definitions (a digest of everything that DDL changes, by the transaction that
--             last did), captured (the entities whose every change is recorded: all triggers are there, on all
--             partitions, and fire in every session).
SELECT (SELECT concat_ws('/', s.last_value, s.is_called) FROM cdc.changelog_seq_seq AS s) AS changes,
       (SELECT concat_ws('/', s.last_value, s.is_called) FROM cdc.own_writes AS s) AS own_writes,
       md5(concat_ws(' ',
           (SELECT sum(hashtextextended(concat_ws(' ', c.oid, c.xmin, c.relfilenode), 0)::numeric)
            FROM pg_class AS c WHERE c.relnamespace = ANY (w.ids)),
           (SELECT sum(hashtextextended(concat_ws(' ', a.attrelid, a.attnum, a.xmin), 0)::numeric)
            FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE c.relnamespace = ANY (w.ids)),
           (SELECT sum(hashtextextended(concat_ws(' ', k.oid, k.xmin), 0)::numeric)
            FROM pg_constraint AS k WHERE k.connamespace = ANY (w.ids)),
           (SELECT sum(hashtextextended(concat_ws(' ', d.oid, d.xmin), 0)::numeric)
            FROM pg_class AS c JOIN pg_attrdef AS d ON d.adrelid = c.oid WHERE c.relnamespace = ANY (w.ids)),
           (SELECT sum(hashtextextended(concat_ws(' ', t.oid, t.xmin), 0)::numeric)
            FROM pg_class AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid WHERE c.relnamespace = ANY (w.ids)),
           (SELECT sum(hashtextextended(concat_ws(' ', r.oid, r.xmin), 0)::numeric)
            FROM pg_class AS c JOIN pg_rewrite AS r ON r.ev_class = c.oid WHERE c.relnamespace = ANY (w.ids)),
           (SELECT sum(hashtextextended(concat_ws(' ', p.oid, p.xmin), 0)::numeric)
            FROM pg_proc AS p WHERE p.pronamespace = ANY (w.ids)),
           (SELECT sum(hashtextextended(concat_ws(' ', t.oid, t.xmin), 0)::numeric)
            FROM pg_type AS t WHERE t.typnamespace = ANY (w.ids))
       )) AS definitions,
       (SELECT coalesce(array_agg(CASE n.nspname WHEN 'public' THEN c.relname::text
                                       ELSE concat_ws('.', n.nspname, c.relname) END), '{}')
        FROM cdc.captured_table AS k
        JOIN pg_class AS c ON c.oid = k.relid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.oid = ANY (w.ids)
          AND NOT EXISTS (
              SELECT 1 FROM (SELECT c.oid UNION SELECT p.relid FROM pg_partition_tree(c.oid) AS p) AS part (id)
              WHERE 4 > (SELECT count(*) FROM pg_trigger AS t
                         WHERE t.tgrelid = part.id AND t.tgenabled = 'A' AND NOT t.tgisinternal
                           AND t.tgname LIKE 'cdc\_capture\_%'))
       ) AS captured
FROM (SELECT array_agg(n.oid) AS ids FROM pg_namespace AS n WHERE n.nspname = ANY ($1::text[]::name[])) AS w
