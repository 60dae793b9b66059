-- Purpose:    What the source of a row recorded by key only knows of it.
-- Parameters: $1 the other side, $2 entity, $3 entity id.
-- Result:     one row: seen (what is visible), applied (what this side has applied of the other side's changes of the
--             table; null where nothing is synced that way), entry (null, OPEN, DEFERRED, or KEY where this side waits to
--             fetch the row in its turn). What was put off here before sync went one way waits for nothing any more.
SELECT pg_current_snapshot()::text AS seen,
       (SELECT coalesce(h.seen, p.seen)::text
        FROM cdc.position p LEFT JOIN cdc.position h ON h.source = p.source AND h.entity = $2
        WHERE p.source = $1 AND p.entity = ''
        ORDER BY pg_snapshot_xmin(h.seen) LIMIT 1) AS applied,
       (SELECT CASE WHEN s.subsumed IS NULL THEN s.status ELSE 'KEY' END
        FROM cdc.sync_state s
        WHERE s.entity = $2 AND s.entity_id = $3 AND s.status IN ('DEFERRED', 'OPEN')
          AND (s.status = 'OPEN' OR EXISTS (SELECT FROM cdc.position p WHERE p.source = $1 AND p.entity = ''))) AS entry
