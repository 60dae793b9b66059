-- Purpose:    As truncate_ended, where the source has emptied one partition: of rows that are in it before and after what is
--             put off of them. A row that was to come to it from elsewhere is deleted by now.
-- Parameters: $1 entity; {base_there}, {incoming_there} whether the images of s lie in the partition.
-- Result:     none.
WITH gone AS (
    DELETE FROM cdc.sync_state s
    WHERE s.entity = $1 AND s.status = 'DEFERRED'
      AND (s.base IS NULL OR {base_there}) AND (s.incoming IS NULL OR {incoming_there})
),
came AS (
    UPDATE cdc.sync_state s SET incoming = NULL, next_try_at = clock_timestamp()
    WHERE s.entity = $1 AND s.status IN ('DEFERRED', 'OPEN')
      AND s.base IS NOT NULL AND NOT {base_there} AND s.incoming IS NOT NULL AND {incoming_there}
)
UPDATE cdc.sync_state s
SET status = 'CONVERGED', resolved_at = clock_timestamp(), updated_at = clock_timestamp(), next_try_at = NULL,
    reason = 'its table was truncated'
WHERE s.entity = $1 AND s.status = 'OPEN'
  AND (s.base IS NULL OR {base_there}) AND (s.incoming IS NULL OR {incoming_there})
