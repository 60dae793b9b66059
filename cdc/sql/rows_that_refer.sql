-- Purpose:    Rows of a child table that refer to a row, and so keep it from being deleted or given another key.
-- Parameters: $1 the row's image, text; $2 most rows wanted. {references}: the image's columns that are referred to, as
--             r0, r1, ...; {child_match}: r against the child c.
-- Result:     entity_id and row (all columns, text) of each.
SELECT {child_id} AS entity_id, {child_row}::text AS row
FROM (SELECT {references} FROM (SELECT $1::text::{image} AS after OFFSET 0) n) r
JOIN {child} c ON {child_match}
LIMIT $2
