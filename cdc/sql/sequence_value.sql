-- Purpose:    Where a sequence stands.
-- Parameters: {sequence} its name.
-- Result:     one row: last_value, is_called.
SELECT s.last_value, s.is_called FROM {sequence} AS s
