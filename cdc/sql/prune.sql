-- Purpose:    Delete changes that the other side has applied, oldest first, and note how far that went: a target
--             that is later found behind this point was rolled back.
-- Parameters: $1 what the other side has applied, text; $2 seconds they are kept for looking back; $3 most rows;
--             $4 number of the last change applied, which stays as a witness, null for none.
-- Result:     the number of rows deleted.
WITH point AS MATERIALIZED (
    SELECT pg_snapshot_xmin($1::text::pg_snapshot) AS before
), old AS MATERIALIZED (
    SELECT l.ctid FROM point p, cdc.changelog l
    WHERE l.txid < p.before AND l.at < clock_timestamp() - make_interval(secs => $2)
      AND l.seq IS DISTINCT FROM $4::bigint
    ORDER BY l.txid LIMIT $3
), noted AS (
    UPDATE cdc.node SET pruned_through = $1::text::pg_snapshot WHERE EXISTS (SELECT FROM old)
), gone AS (
    DELETE FROM cdc.changelog l USING old WHERE l.ctid = old.ctid RETURNING 1
)
SELECT count(*) FROM gone
