-- Purpose:    Keep tables from being dropped, rewritten or truncated while they are read.
-- Parameters: {tables} the tables.
-- Result:     none.
LOCK TABLE {tables} IN ACCESS SHARE MODE
