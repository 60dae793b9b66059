-- Purpose:    Keep writers out of tables while they are compared and written; readers go on.
-- Parameters: {tables}.
-- Result:     none.
LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE
