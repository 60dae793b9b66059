-- Purpose:    Rows that this database, as a target, has read and not applied yet: they are tried again.
-- Parameters: $1 the source's side, $2 where to stop counting.
-- Result:     one row: number, age_ms (of the oldest by this server's clock, 0 where none).
SELECT count(*) AS number,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - min(d.detected_at)) * 1000, 0), 0)::float8 AS age_ms
FROM (SELECT s.detected_at FROM cdc.sync_state s
      WHERE s.source = $1 AND s.status = 'DEFERRED' AND s.next_try_at IS NOT NULL LIMIT $2::bigint) d
