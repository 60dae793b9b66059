-- Purpose:    The newest entries of some records on this side.
-- Parameters: one element per record: $1 entities, $2 entity ids text[]; $3 statuses text[]; $4 whether images are
--             wanted; $5 bytes of images after which no more records are wanted.
-- Result:     a row per record in their order, all null but n where there is no such entry: n (the place in $1, from 1),
--             source, entity, entity_id, type, status, constraint_name, error, base, incoming, current, detected_at,
--             updated_at, version, resolution, resolved_by, resolved_at, reason, related, merged, bytes (of the images).
SELECT n, source, entity, entity_id, type, status, constraint_name, error,
       CASE WHEN $4 THEN base END AS base, CASE WHEN $4 THEN incoming END AS incoming,
       CASE WHEN $4 THEN current END AS current, detected_at, updated_at, version, resolution, resolved_by, resolved_at,
       reason, CASE WHEN $4 THEN related END AS related, CASE WHEN $4 THEN merged END AS merged, bytes
FROM (
    SELECT x.n, c.*,
           coalesce(sum(c.bytes) OVER (ORDER BY x.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS x (entity, entity_id, n)
    LEFT JOIN LATERAL (
        SELECT i.*, octet_length(concat(i.base, i.incoming, i.current, i.related, i.merged)) AS bytes
        FROM (
            SELECT s.source, s.entity, s.entity_id, s.type, s.status, s.constraint_name, s.error,
                   s.base::text AS base, s.incoming::text AS incoming, s.current::text AS current,
                   s.detected_at, s.updated_at, s.version, s.resolution, s.resolved_by, s.resolved_at, s.reason,
                   s.related::text AS related, s.merged::text AS merged
            FROM cdc.sync_state s
            -- Not the first in the order of ids: that is a search through all records' entries.
            WHERE s.id = (SELECT max(l.id + 0) FROM cdc.sync_state l
                          WHERE l.entity = x.entity AND l.entity_id = x.entity_id AND l.status = ANY ($3::text[]))
        ) i
    ) c ON true
) r
WHERE NOT $4 OR bytes_before < $5
ORDER BY n
