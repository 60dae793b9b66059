-- Purpose:    Whether anything was captured here that a snapshot did not see.
-- Parameters: $1 the snapshot (text).
-- Result:     one boolean.
SELECT EXISTS (SELECT 1 FROM cdc.changelog c WHERE NOT pg_visible_in_snapshot(c.txid, $1::text::pg_snapshot))
