-- Purpose:    What this database, as a target, has applied of the other side.
-- Parameters: $1 the source's side.
-- Result:     one row (none before first contact): seen, window_to (text), last_seq, applied_total,
--             last_applied_at, held (tables that wait: copying, or for their schema, with the reason).
SELECT p.seen::text AS seen, p.window_to::text AS window_to, p.last_seq, p.applied_total, p.last_applied_at,
       coalesce((SELECT json_object_agg(h.entity, coalesce(h.reason, h.state))
                 FROM cdc.position h
                 WHERE h.source = p.source AND h.entity <> '' AND h.state <> 'live'), '{}')::text AS held
FROM cdc.position p
WHERE p.source = $1 AND p.entity = ''
