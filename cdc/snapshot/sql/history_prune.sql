-- Purpose:    Keep the history short: what is old, what says no more than that nothing had changed, and what is beyond a
--             number of entries. Entries of files that are there stay, and so do first copies and restores that were
--             not only tried.
-- Parameters: $1 days that entries are kept, $2 hours that UNCHANGED ones are kept, $3 most entries.
-- Result:     how many were removed.
WITH newest AS MATERIALIZED (
    SELECT max(id) AS any_id, max(id) FILTER (WHERE status IN ('COMPLETED', 'UNCHANGED') AND type = 'FULL') AS good_id
    FROM cdc.backup_history
), beyond AS MATERIALIZED (
    SELECT id FROM cdc.backup_history ORDER BY id DESC OFFSET $3 LIMIT 1
), gone AS (
    DELETE FROM cdc.backup_history h USING newest n
    WHERE h.status <> 'RUNNING'
      AND (h.type NOT IN ('RESTORE', 'INITIAL_COPY') OR coalesce(h.detail ->> 'dryRun' = 'true', false))
      AND h.id <> n.any_id AND h.id IS DISTINCT FROM n.good_id
      AND (h.started_at < clock_timestamp() - make_interval(days => $1)
           OR h.status = 'UNCHANGED' AND h.started_at < clock_timestamp() - make_interval(hours => $2)
           OR h.id <= (SELECT id FROM beyond))
      AND NOT EXISTS (SELECT 1 FROM cdc.snapshot s WHERE s.history_id = h.id)
    RETURNING 1
)
SELECT count(*) FROM gone
