-- Purpose:    Notice that tables were renamed, or their columns added, dropped, renamed or retyped, since their shapes were read. The
--             same sum of hashes stands in position_advance, position_lock, read_window, read_page and shape_columns.
-- Parameters: $1 the numbers of captured tables, int[].
-- Result:     mark, one number for all of them.
SELECT coalesce(sum(hashint8extended(a.atttypid::bigint, hashint4extended(a.atttypmod, hashnameextended(a.attname, hashnameextended(r.relname, (r.relnamespace::bigint << 32) + r.oid::bigint) # a.attnum)))), 0) AS mark
FROM cdc.captured_table k JOIN pg_class r ON r.oid = k.relid JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE k.id = ANY ($1::int[])
