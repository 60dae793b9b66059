-- Purpose:    Entries to be tried again: put-off ones, and conflicts that end by themselves when what blocked
--             them changes.
-- Parameters: $1 source, $2 most put-off rows wanted, $3 tables that are held, text[]: theirs wait; $4 most conflicts
--             wanted; $5 most bytes of images wanted, though one entry is always given.
-- Result:     id, entity, entity_id, type, status, base, incoming, reached, tries, version, by_key (the row
--             is to be fetched), waits (it was found to wait for others that are put off), due (its time has come: else
--             it is in the way of one whose has, since rows that change places can do so together only), known (the
--             records found in its way so far, json text of pairs); of either kind the longest waiting first.
WITH RECURSIVE due AS (
    (SELECT * FROM cdc.sync_state
     WHERE source = $1 AND status = 'DEFERRED' AND next_try_at <= clock_timestamp() AND entity <> ALL ($3::text[])
     ORDER BY next_try_at, id LIMIT $2)
    UNION ALL
    (SELECT * FROM cdc.sync_state
     WHERE source = $1 AND status = 'OPEN' AND next_try_at <= clock_timestamp() AND entity <> ALL ($3::text[])
     ORDER BY next_try_at, id LIMIT $4)
), reach (id) AS (
    SELECT d.id FROM due d
    UNION
    SELECT l.id
    FROM reach r
    CROSS JOIN LATERAL (SELECT e.related FROM cdc.sync_state e WHERE e.id = r.id OFFSET 0) s
    CROSS JOIN LATERAL json_array_elements(s.related) n
    CROSS JOIN LATERAL (
        SELECT o.id FROM cdc.sync_state o
        WHERE o.entity = n ->> 'entity' AND o.entity_id = n ->> 'entityId' AND o.status IN ('DEFERRED', 'OPEN')
          AND o.source = $1 AND o.next_try_at IS NOT NULL AND o.subsumed IS NULL AND o.entity <> ALL ($3::text[]) OFFSET 0
    ) l
), wanted AS MATERIALIZED (
    -- So many, and no more, are looked for.
    SELECT r.id FROM reach r LIMIT $2::bigint + $4::bigint
), sized AS (
    SELECT d.*, sum(coalesce(octet_length(d.base::text), 0) + coalesce(octet_length(d.incoming::text), 0))
                    OVER (ORDER BY d.next_try_at, d.id) AS bytes,
           row_number() OVER (ORDER BY d.next_try_at, d.id) AS place
    FROM cdc.sync_state d WHERE d.id = ANY (ARRAY(SELECT w.id FROM wanted w))
)
SELECT id, entity, entity_id, type, status, base::text AS base, incoming::text AS incoming,
       reached::text AS reached, tries, version,
       subsumed IS NOT NULL AS by_key,
       status = 'DEFERRED' AND tries > 0 AND constraint_name IS NOT NULL AS waits,
       next_try_at <= clock_timestamp() AS due,
       (SELECT json_agg(json_build_array(n ->> 'entity', n ->> 'entityId'))::text
        FROM json_array_elements(related) n) AS known
FROM sized
WHERE bytes <= $5 OR place = 1
ORDER BY next_try_at, id
