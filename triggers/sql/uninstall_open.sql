-- Purpose:    What would be lost if schema cdc were dropped now.
-- Parameters: none.
-- Result:     one row: conflicts (still open), pending (changes that the other side has not applied as far as is known
--             here).
SELECT (SELECT count(*) FROM cdc.sync_state WHERE status IN ('OPEN', 'DEFERRED')) AS conflicts,
       (SELECT count(*) FROM cdc.changelog AS l, cdc.node AS n
        WHERE n.consumed_through IS NULL OR NOT pg_visible_in_snapshot(l.txid, n.consumed_through)) AS pending
