-- Purpose:    Where a sequence stands.
-- Parameters: {sequence} its qualified name.
-- Result:     one row: last_value, is_called (false: last_value has not been given yet).
SELECT s.last_value, s.is_called FROM {sequence} AS s
