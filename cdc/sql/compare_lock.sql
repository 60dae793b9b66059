-- Purpose:    Keep writers out of tables while they are compared and written, and whoever locks rows to write them; readers
--             go on. Nobody holds a row then, so that none is waited for.
-- Parameters: {tables}.
-- Result:     none.
LOCK TABLE {tables} IN EXCLUSIVE MODE
