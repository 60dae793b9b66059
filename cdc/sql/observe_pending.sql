-- Purpose:    Changes captured here that the other side has not applied, by the index on txid.
-- Parameters: $1 seen (text), $2 window_to (text or null), $3 last_seq or null, $4 where to stop counting,
--             $5 a snapshot (text): only what is visible in it counts; null: everything.
-- Result:     one row: pending, lag_ms (age of the oldest by this server's clock, 0 where none).
WITH position AS MATERIALIZED (
    SELECT $1::text::pg_snapshot AS seen, $2::text::pg_snapshot AS window_to, $3::bigint AS last_seq
), waiting AS (
    SELECT c.txid, c.seq, c.at
    FROM position p, cdc.changelog c
    WHERE c.txid >= pg_snapshot_xmax(p.seen)
    UNION ALL
    SELECT c.txid, c.seq, c.at
    FROM position p, pg_snapshot_xip(p.seen) running, cdc.changelog c
    WHERE c.txid = running
), counted AS (
    SELECT w.at
    FROM waiting w, position p
    WHERE (p.window_to IS NULL OR w.seq > p.last_seq OR NOT pg_visible_in_snapshot(w.txid, p.window_to))
      AND ($5::text IS NULL OR pg_visible_in_snapshot(w.txid, $5::text::pg_snapshot))
    LIMIT $4::bigint
)
SELECT count(*) AS pending,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - min(c.at)) * 1000, 0), 0)::float8 AS lag_ms
FROM counted c
