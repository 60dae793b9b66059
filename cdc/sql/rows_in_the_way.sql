-- Purpose:    Rows of a table that a row cannot stand beside, under one unique index or exclusion constraint.
-- Parameters: $1 the row's image, text; $2 its entity id; $3 most rows wanted. {named}: the image's columns that the
--             table has; {elements}: what has to differ, over a row, as u0, u1, ...; {collides}: the same over a
--             row t against a.u0, a.u1, ...; {predicate}: the rows the constraint is about.
-- Result:     entity_id and row (all columns, text) of each.
SELECT {target_id} AS entity_id, {target_row}::text AS row
FROM (
    SELECT {elements} FROM (
        SELECT {named} FROM (SELECT $1::text::{image} AS after OFFSET 0) n
    ) x WHERE {predicate}
) a
CROSS JOIN LATERAL (SELECT * FROM {table} t WHERE {collides} AND {predicate}) t
WHERE {target_id} IS DISTINCT FROM $2
LIMIT $3
