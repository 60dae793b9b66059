-- Purpose:    Forms of this side's own images of a table among the changes that the source had not applied when it
--             truncated that table.
-- Parameters: $1 schema, $2 table; $3 what the source had applied of this side, text, null for nothing.
-- Result:     columns, text[], each list once.
SELECT DISTINCT l.columns
FROM cdc.captured_table c JOIN cdc.changelog l ON l.table_id = c.id
WHERE c.schema_name = $1 AND c.table_name = $2 AND l.op <> 'T'
  AND ($3::text IS NULL OR NOT pg_visible_in_snapshot(l.txid, $3::text::pg_snapshot))
