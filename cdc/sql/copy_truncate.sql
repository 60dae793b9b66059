-- Purpose:    Empty tables that an interrupted copy of ours has filled in part.
-- Parameters: {tables} all of them.
-- Result:     none.
TRUNCATE {tables}
