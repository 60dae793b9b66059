-- Purpose:    Find a row that deleting these parents, or giving them another key, would cascade to, although no
--             change says so.
-- Parameters: those of {batch}.
-- Result:     one row when there is one: the reference's text.
WITH batch AS MATERIALIZED (
    SELECT b.old::{image} AS n, b.new::{image} AS m, b.new IS NULL AS gone FROM {batch} WHERE b.old IS NOT NULL
), ref AS MATERIALIZED (
    SELECT DISTINCT {references} FROM batch b WHERE {complete} AND (b.gone OR {moved})
)
SELECT {reference_text} AS reference FROM ref r
WHERE EXISTS (SELECT FROM {parent} p WHERE {parent_match})
  AND EXISTS (SELECT FROM {child} c WHERE {child_match})
LIMIT 1
