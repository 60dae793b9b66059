-- Purpose:    Carry out a TRUNCATE of the source: delete all rows but those it had not seen.
-- Parameters: $1 entity ids of the rows to leave, text[].
-- Result:     none.
DELETE FROM {table} t WHERE {target_id} NOT IN (SELECT unnest($1::text[]))
