-- Purpose:    Find a child left without its parent by a row that this batch removed or gave another key.
-- Parameters: $1 to $4 belong to {batch}.
-- Result:     one row when there is one: the lost reference's text.
WITH batch AS MATERIALIZED (
    SELECT b.old::{image} AS n FROM {batch} WHERE b.old IS NOT NULL
), ref AS MATERIALIZED (
    SELECT DISTINCT {references} FROM batch b WHERE {complete}
)
SELECT {reference_text} AS reference FROM ref r
WHERE NOT EXISTS (SELECT FROM {parent} p WHERE {parent_match})
  AND EXISTS (SELECT FROM {child} c WHERE {child_match})
LIMIT 1
