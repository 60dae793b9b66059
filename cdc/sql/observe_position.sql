-- Purpose:    What this database, as a target, has applied of the other side.
-- Parameters: $1 the source's side.
-- Result:     one row (none before first contact): seen, window_to (text), last_seq, applied_total,
--             last_applied_at, held (tables that wait: copying, or for their schema, with the reason),
--             put_off (rows that were read and not applied yet, counted to a million), put_off_ms (age of the oldest of
--             them by this server's clock, 0 where none).
SELECT p.seen::text AS seen, p.window_to::text AS window_to, p.last_seq, p.applied_total, p.last_applied_at,
       coalesce((SELECT json_object_agg(h.entity, coalesce(h.reason, h.state))
                 FROM cdc.position h
                 WHERE h.source = p.source AND h.entity <> '' AND h.state <> 'live'), '{}')::text AS held,
       w.put_off, w.put_off_ms
FROM cdc.position p
CROSS JOIN LATERAL (
    SELECT count(*) AS put_off,
           greatest(coalesce(extract(epoch FROM clock_timestamp() - min(d.detected_at)) * 1000, 0), 0)::float8
               AS put_off_ms
    FROM (SELECT s.detected_at FROM cdc.sync_state s
          WHERE s.source = p.source AND s.status = 'DEFERRED' AND s.next_try_at IS NOT NULL LIMIT 1000000) d
) w
WHERE p.source = $1 AND p.entity = ''
