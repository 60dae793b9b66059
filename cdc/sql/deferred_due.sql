-- Purpose:    Entries to be tried again: put-off ones, and conflicts that end by themselves when what blocked
--             them changes.
-- Parameters: $1 source, $2 most put-off rows wanted, $3 tables that are held, text[]: theirs wait; $4 most conflicts
--             wanted.
-- Result:     id, entity, entity_id, type, status, base, incoming, reached, tries, version, by_key (the row
--             is to be fetched); of either kind the longest waiting first.
WITH due AS (
    (SELECT * FROM cdc.sync_state
     WHERE source = $1 AND status = 'DEFERRED' AND next_try_at <= clock_timestamp() AND entity <> ALL ($3::text[])
     ORDER BY next_try_at LIMIT $2)
    UNION ALL
    (SELECT * FROM cdc.sync_state
     WHERE source = $1 AND status = 'OPEN' AND next_try_at <= clock_timestamp() AND entity <> ALL ($3::text[])
     ORDER BY next_try_at LIMIT $4)
)
SELECT id, entity, entity_id, type, status, base::text AS base, incoming::text AS incoming,
       reached::text AS reached, tries, version,
       subsumed IS NOT NULL AS by_key
FROM due
ORDER BY next_try_at
