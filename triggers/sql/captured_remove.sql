-- Purpose:    Forget tables that are not captured any more, once nothing in the changelog refers to them.
-- Parameters: $1 ids, int[].
-- Result:     the ids that were removed.
DELETE FROM cdc.captured_table AS t
WHERE t.id = ANY ($1) AND NOT EXISTS (SELECT FROM cdc.changelog AS l WHERE l.table_id = t.id)
RETURNING t.id
