-- Purpose:    Lock a link's position without moving it, so that nothing is applied here meanwhile, and set the
--             transaction up as an applying one.
-- Parameters: $1 source; $2 tables that will be written to, oid[].
-- Result:     one row, or none where the link has no position yet: seen, window_to, mark (of the tables, see marks.sql and shape_surroundings.sql).
SELECT p.seen::text AS seen, p.window_to::text AS window_to,
       set_config('cdc.applying', 'on', true),
       (SELECT coalesce(sum(hashint8extended(a.atttypid::bigint, hashint4extended(a.atttypmod, hashnameextended(a.attname, hashnameextended(r.relname, (r.relnamespace::bigint << 32) + r.oid::bigint) # a.attnum)))), 0)
        FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid WHERE r.oid = ANY ($2::oid[]) AND a.attnum > 0 AND NOT a.attisdropped)
       + (SELECT coalesce(sum(hashint4extended(c.oid::int, c.relrowsecurity::int + 2 * c.relforcerowsecurity::int + 4 * c.relhasrules::int)), 0)
          FROM pg_class c WHERE c.oid = ANY ($2::oid[]))
       + (SELECT coalesce(sum(hashint4extended(t.oid::int, ascii(t.tgenabled::text))), 0)
          FROM pg_trigger t WHERE t.tgrelid = ANY ($2::oid[]) AND NOT t.tgisinternal) AS mark
FROM cdc.position p WHERE p.source = $1 AND p.entity = '' FOR UPDATE OF p
