-- Purpose:    What tables and forms of images are staged.
-- Parameters: none.
-- Result:     table_id, columns, truncates (whether there are any).
SELECT table_id, columns, bool_or(op = 'T') AS truncates
FROM pg_temp.cdc_stage GROUP BY table_id, columns
