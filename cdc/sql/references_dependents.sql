-- Purpose:    Find a row that deleting these parents would cascade to, although no change says so. A row whose key moves
--             is deleted too, unless it has been moved in place already.
-- Parameters: $1 to $4 belong to {batch}.
-- Result:     one row when there is one: the reference's text.
WITH batch AS MATERIALIZED (
    SELECT b.old::{image} AS n, b.new::{image} AS after, b.new IS NOT NULL AS stays FROM {batch} WHERE b.old IS NOT NULL
), ref AS MATERIALIZED (
    SELECT DISTINCT {references}, {keys} FROM batch b WHERE {complete} AND (NOT b.stays OR NOT ({same_key}))
)
SELECT {reference_text} AS reference FROM ref r
WHERE EXISTS (SELECT FROM {parent} p WHERE {parent_match} AND {same_row})
  AND EXISTS (SELECT FROM {child} c WHERE {child_match})
LIMIT 1
