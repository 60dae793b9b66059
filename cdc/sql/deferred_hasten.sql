-- Purpose:    Have conflicts that may end by themselves tried at once: what refused them may be gone.
-- Parameters: $1 ids, bigint[]: only these; null: all.
-- Result:     one row: hastened, how many; held, ids of those that somebody holds: the link may be trying them at this
--             moment, as the table was before.
WITH wanted AS (
    SELECT id FROM cdc.sync_state
    WHERE status = 'OPEN' AND next_try_at IS NOT NULL AND ($1::bigint[] IS NULL OR id = ANY ($1))
), free AS (
    SELECT s.id FROM cdc.sync_state s JOIN wanted w ON w.id = s.id
    WHERE s.status = 'OPEN' AND s.next_try_at IS NOT NULL
    FOR UPDATE OF s SKIP LOCKED
), hastened AS (
    UPDATE cdc.sync_state s SET next_try_at = clock_timestamp() FROM free f WHERE s.id = f.id
    RETURNING s.id
)
SELECT (SELECT count(*) FROM hastened) AS hastened,
       ARRAY(SELECT w.id FROM wanted w EXCEPT SELECT h.id FROM hastened h) AS held
