-- Purpose:    Forget conflicts that were decided, or ended by themselves, longer ago than they are kept.
-- Parameters: $1 days they are kept; $2 most rows.
-- Result:     how many. What still settles changes on their way, or is to be completed, stays.
WITH gone AS (
    DELETE FROM cdc.sync_state WHERE id IN (
        SELECT s.id FROM cdc.sync_state s
        WHERE s.status IN ('RESOLVED', 'CONVERGED') AND s.subsumed IS NULL AND NOT s.unfinished
          AND s.resolved_at < clock_timestamp() - make_interval(days => $1)
        LIMIT $2)
    RETURNING 1
)
SELECT count(*) FROM gone
