-- Purpose:    Find the rows of a table that rows of a child refer to.
-- Parameters: $1 entity ids of the child's rows that count, text[]; null: all of them.
-- Result:     entity_id and current, the row's text, of each row referred to.
SELECT {target_id} AS entity_id, {target_row}::text AS current
FROM {table} t
WHERE EXISTS (SELECT FROM {child} c WHERE {match} AND ($1::text[] IS NULL OR {child_id} = ANY ($1)))
