-- Purpose:    Find a row that deleting these parents would cascade to, although no change says so.
-- Parameters: $1 to $4 belong to {batch}.
-- Result:     one row when there is one: the reference's text.
WITH batch AS MATERIALIZED (
    SELECT b.old::{image} AS n FROM {batch} WHERE b.old IS NOT NULL AND b.new IS NULL
), ref AS MATERIALIZED (
    SELECT DISTINCT {references} FROM batch b WHERE {complete}
)
SELECT {reference_text} AS reference FROM ref r
WHERE EXISTS (SELECT FROM {parent} p WHERE {parent_match})
  AND EXISTS (SELECT FROM {child} c WHERE {child_match})
LIMIT 1
