-- Purpose:    Note how far a held table has caught up, and set the applying transaction up.
-- Parameters: $1 source, $2 entity, $3 seen, $4 window_to, $5 last_seq, $6 the replication role to work under or null.
-- Result:     one row.
UPDATE cdc.position p SET seen = $3::text::pg_snapshot, window_to = $4::text::pg_snapshot, last_seq = $5
WHERE p.source = $1 AND p.entity = $2
RETURNING set_config('cdc.applying', 'on', true), set_config('synchronous_commit', 'on', true),
          set_config(CASE WHEN $6::text IS NULL THEN 'cdc.role' ELSE 'session_replication_role' END, coalesce($6, ''), true)
