-- Purpose:    Record the rows that a table has when its capture begins beside running links; the table is locked against
--             writers.
-- Parameters: $1 its number in cdc.captured_table, $2 its qualified name, $3 most rows.
-- Result:     see capture_existing.sql.
SELECT cdc.capture_existing($1, $2::text::regclass, $3), cdc.wake()
