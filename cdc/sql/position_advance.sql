-- Purpose:    First statement of every applying transaction: lock the position, compare it with the one that
--             was read, move it on, and set the transaction up. Of two instances only one gets a row.
-- Parameters: $1 source, $2 epoch/opening, $3 seen and $4 last_seq as read; $5 seen, $6 window_to, $7 last_seq as they
--             become; $8 number of changes; $9 the tables, oid[]; $10 the last change applied; $11 statement_timeout.
-- Result:     one row, or none where the stored position is another: live and subsumed, whether cdc.sync_state
--             has entries that hold keys or settle changes; mark (of the tables, see marks.sql and shape_surroundings.sql).
UPDATE cdc.position p
SET seen = $5::text::pg_snapshot, window_to = $6::text::pg_snapshot, last_seq = $7, last_change = $10,
    applied_total = p.applied_total + $8,
    last_applied_at = CASE WHEN $8 > 0 THEN clock_timestamp() ELSE p.last_applied_at END
WHERE p.source = $1 AND p.entity = '' AND concat_ws('/', p.epoch, p.opening) = $2 AND p.seen::text = $3 AND p.last_seq IS NOT DISTINCT FROM $4
RETURNING set_config('cdc.applying', 'on', true), set_config('statement_timeout', $11, true),
          EXISTS (SELECT FROM cdc.sync_state WHERE status IN ('DEFERRED', 'OPEN'))
              OR EXISTS (SELECT FROM cdc.sync_state WHERE subsumed IS NOT NULL) AS live,
          (SELECT coalesce(sum(hashint8extended(a.atttypid::bigint, hashint4extended(a.atttypmod, hashnameextended(a.attname, hashnameextended(r.relname, (r.relnamespace::bigint << 32) + r.oid::bigint) # a.attnum)))), 0)
           FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid WHERE r.oid = ANY ($9::oid[]) AND a.attnum > 0 AND NOT a.attisdropped)
          + (SELECT coalesce(sum(hashint4extended(c.oid::int, c.relrowsecurity::int + 2 * c.relforcerowsecurity::int + 4 * c.relhasrules::int)), 0)
             FROM pg_class c WHERE c.oid = ANY ($9::oid[]))
          + (SELECT coalesce(sum(hashint4extended(t.oid::int, ascii(t.tgenabled::text))), 0)
             FROM pg_trigger t WHERE t.tgrelid = ANY ($9::oid[]) AND NOT t.tgisinternal) AS mark
