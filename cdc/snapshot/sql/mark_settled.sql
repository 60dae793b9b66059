-- Purpose:    Whether no transaction that ran when a snapshot was taken has committed since.
-- Parameters: $1 the snapshot, text.
-- Result:     one boolean; false as well where it is not known any more how one ended.
SELECT coalesce(bool_and(coalesce(pg_xact_status(running.id) <> 'committed', false)), true)
FROM pg_snapshot_xip($1::text::pg_snapshot) AS running (id)
