-- Purpose:    Make everything visible here durable, by a small write that is committed synchronously.
--             PostgreSQL flushes the WAL in order, so asynchronous commits before this one are flushed too.
-- Parameters: none. The session's synchronous_commit is on.
-- Result:     none.
UPDATE cdc.node SET flushes = flushes + 1
