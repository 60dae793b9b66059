-- Purpose:    Note a later change of keys that are already held by a live entry.
-- Parameters: $1 entity, $2 entity ids text[], $3 images after and $4 before the change (json texts or nulls) text[];
--             $5 whether changes may come in another order than they were made: cdc.chain_on puts them where they belong
--             in a put-off entry.
-- Result:     per live entry with summed columns entity_id, reached (json text), earlier (whether the change went before
--             what the entry had). The form leaves one plan, see sync_state_resolve.sql.
WITH noted AS (
    UPDATE cdc.sync_state s
    SET base = c.base::json, incoming = c.incoming::json, gap = c.gap,
        updated_at = clock_timestamp(), version = s.version + 1,
        next_try_at = CASE WHEN s.status = 'DEFERRED' OR s.next_try_at IS NOT NULL THEN clock_timestamp() END
    FROM unnest($2::text[], $3::text[], $4::text[]) AS x (entity_id, after, before)
    CROSS JOIN LATERAL (
        SELECT l.id, w.* FROM cdc.sync_state l
        CROSS JOIN LATERAL (
            SELECT o.base, o.incoming, o.gap, o.earlier
            FROM cdc.chain_on(l.base::text, l.incoming::text, l.gap, x.before, x.after) o
            WHERE $5::boolean AND l.status = 'DEFERRED'
            UNION ALL
            SELECT l.base::text, x.after, NULL, false WHERE NOT ($5::boolean AND l.status = 'DEFERRED')
        ) w
        WHERE l.entity = $1 AND l.entity_id = x.entity_id AND l.status IN ('DEFERRED', 'OPEN') OFFSET 0
    ) c
    WHERE s.id = ANY (ARRAY[c.id])
    RETURNING s.entity_id, s.reached::text AS reached, c.earlier
)
SELECT entity_id, reached, earlier FROM noted WHERE reached IS NOT NULL
