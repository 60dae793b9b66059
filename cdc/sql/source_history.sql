-- Purpose:    What tells whether a stored position still fits this source.
-- Parameters: $1, $2, $3 transaction (text), number and moment (text) of the last change that was applied, or nulls.
-- Result:     one row: now (the present snapshot), pruned_through (null where nothing was pruned yet), openings,
--             has_change (whether that change is in the changelog; null without one).
SELECT pg_current_snapshot()::text AS now, n.pruned_through::text AS pruned_through, n.openings,
       CASE WHEN $2::bigint IS NOT NULL THEN EXISTS (
           SELECT FROM cdc.changelog l
           WHERE l.txid = $1::text::xid8 AND l.seq = $2 AND l.at = $3::text::timestamptz) END AS has_change
FROM cdc.node n
