-- Purpose:    Note how a changing request ended.
-- Parameters: $1 id of its row; $2 status; $3 result; $4 detail or null.
-- Result:     no rows.
UPDATE cdc.audit SET status = $2, result = $3, detail = $4 WHERE id = $1
