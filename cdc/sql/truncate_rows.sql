-- Purpose:    Read the rows that a TRUNCATE of the source is to delete, to delete them one by one.
-- Parameters: $1 entity ids of the rows to leave, text[].
-- Result:     current, the row's text, and entity_id of each.
SELECT {target_row}::text AS current, {target_id} AS entity_id FROM {table} t WHERE {target_id} NOT IN (SELECT unnest($1::text[]))
