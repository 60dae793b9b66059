-- Purpose:    Find a child written by this batch whose parent is missing, locking the parents that are there.
-- Parameters: $1 to $4 belong to {batch}; {lock} is empty where they are locked already, see lock_parents.sql.
--             {ranges} and {covered}: of a period the ranges, and that the parents' cover the child's; else empty.
-- Result:     one row when there is one: the missing reference's text.
WITH batch AS MATERIALIZED (
    SELECT b.new::{image} AS n FROM {batch} WHERE b.new IS NOT NULL
), ref AS MATERIALIZED (
    SELECT DISTINCT {references} FROM batch b WHERE {complete}
), parent AS MATERIALIZED (
    SELECT {reference_text} AS reference{ranges} FROM ref r JOIN {parent} p ON {parent_match} {lock}
)
SELECT {reference_text} AS reference FROM ref r
WHERE {reference_text} NOT IN (SELECT reference FROM parent {covered})
  AND EXISTS (SELECT FROM {child} c WHERE {child_match})
LIMIT 1
