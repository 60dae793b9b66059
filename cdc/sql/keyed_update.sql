-- Purpose:    Give the rows that differ the other side's values, in place.
-- Parameters: {table}; {settings} bare columns; {setting_values} of s; {stage}; {same_key} t and s.
-- Result:     none.
UPDATE {table} AS t SET ({settings}) = ROW({setting_values}) FROM {stage} AS s WHERE {same_key}
