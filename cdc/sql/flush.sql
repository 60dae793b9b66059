-- Purpose:    Make everything visible here durable, by a small write that is committed synchronously.
--             PostgreSQL flushes the WAL in order, so asynchronous commits before this one are flushed too.
-- Parameters: none. A statement of its own, outside a transaction.
-- Result:     none.
UPDATE cdc.node SET flushes = flushes + 1 WHERE set_config('synchronous_commit', 'on', true) = 'on'
