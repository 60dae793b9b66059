-- Purpose:    What of the source's schemas must not be made on the target: our own triggers, schemas that are there,
--             and foreign keys to tables whose rows are not copied.
-- Parameters: $1 schemas, text[]; $2 oids of the tables that are copied; $3 schemas that the target has, text[].
-- Result:     class_oid, object_oid, as pg_restore lists them (bigint); note for people, or null.
SELECT tg.tableoid::bigint AS class_oid, tg.oid::bigint AS object_oid, NULL::text AS note
FROM pg_trigger tg
JOIN pg_proc p ON p.oid = tg.tgfoid
JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE pn.nspname = 'cdc' AND NOT tg.tgisinternal
UNION ALL
SELECT n.tableoid::bigint, n.oid::bigint, NULL
FROM pg_namespace n
WHERE n.nspname = ANY ($3::text[]::name[])
UNION ALL
SELECT con.tableoid::bigint, con.oid::bigint,
       format('the foreign key %s of %s was not made: the rows of %s are not synced', con.conname,
              con.conrelid::regclass, con.confrelid::regclass)
FROM pg_constraint con
JOIN pg_class c ON c.oid = con.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE con.contype = 'f' AND con.conparentid = 0 AND n.nspname = ANY ($1::text[]::name[])
  AND coalesce(pg_partition_root(con.confrelid), con.confrelid) <> ALL ($2::oid[])
  AND coalesce(pg_partition_root(con.conrelid), con.conrelid) = ANY ($2::oid[])
