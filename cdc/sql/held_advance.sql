-- Purpose:    Note how far a held table has caught up, and set the applying transaction up.
-- Parameters: $1 source, $2 entity, $3 window_to, $4 last_seq, $5 the replication role to work under or null.
-- Result:     one row.
UPDATE cdc.position p SET window_to = $3::text::pg_snapshot, last_seq = $4
WHERE p.source = $1 AND p.entity = $2
RETURNING set_config('cdc.applying', 'on', true), set_config('synchronous_commit', 'on', true),
          set_config(CASE WHEN $5::text IS NULL THEN 'cdc.role' ELSE 'session_replication_role' END, coalesce($5, ''), true)
