-- Purpose:    Delete changes that no transaction of this server has made: they came with a dump from another one,
--             and would be taken for new as soon as this server's numbers reach theirs. A change of its own is
--             visible to this statement exactly when its transaction is in this statement's snapshot.
-- Parameters: none.
-- Result:     none.
DELETE FROM cdc.changelog l USING (SELECT pg_current_snapshot() AS now) h
WHERE l.txid >= pg_snapshot_xmax(h.now) OR l.txid IN (SELECT pg_snapshot_xip(h.now))
