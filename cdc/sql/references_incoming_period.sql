-- Purpose:    Find a child of whose period a part is not covered by its parents any more, because of a row that this batch
--             removed, shortened or gave another key.
-- Parameters: $1 to $4 belong to {batch}; {found} and {wanted}: the parents' ranges and the child's; {same}: p is one of
--             the parents of c, by the key and by periods that overlap.
-- Result:     one row when there is one: the lost reference's text.
WITH batch AS MATERIALIZED (
    SELECT b.old::{image} AS n FROM {batch} WHERE b.old IS NOT NULL
), ref AS MATERIALIZED (
    SELECT DISTINCT {references} FROM batch b WHERE {complete}
)
SELECT {reference_text} AS reference FROM ref r
WHERE EXISTS (SELECT FROM {child} c
              WHERE {child_match} AND (SELECT range_agg({found}) @> {wanted} FROM {parent} p WHERE {same}) IS NOT TRUE)
LIMIT 1
