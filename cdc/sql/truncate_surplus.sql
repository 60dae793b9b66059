-- Purpose:    Of a table without a key, carry out a TRUNCATE of the source among rows of which it had not seen some copies:
--             delete all copies but these.
-- Parameters: $1 the rows to leave, text[], each as often as it is to be left.
-- Result:     none.
DELETE FROM {table} t
USING (SELECT t.ctid AS place, t.tableoid AS part, {target_id} AS content,
              row_number() OVER (PARTITION BY {target_id}) AS nth
       FROM {table} t WHERE {target_id} IN (SELECT unnest($1::text[]))) v
WHERE t.ctid = v.place AND t.tableoid = v.part
  AND (v.content, v.nth) NOT IN (SELECT k, row_number() OVER (PARTITION BY k) FROM unnest($1::text[]) k)
