-- Purpose:    The names of a table's columns in order, for the capture functions of rows.
-- Parameters: {rows} a transition table.
-- Result:     an expression, a part of each of them (see triggers/functions.py): as the plan keeps them, or else as the keys
--             of a row of nulls.
coalesce(cdc.capture_columns(),
         ARRAY(SELECT json_object_keys(row_to_json(r.*))
               FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN {rows} AS t ON false) AS r))
