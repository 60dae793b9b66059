-- Purpose:    Find a child without its parent anywhere in a table, after its parent was truncated.
-- Parameters: {covering}: that parents cover the child's period, empty of other keys.
-- Result:     one row when there is one: the reference's text.
SELECT {reference_text} AS reference
FROM (SELECT {references} FROM {child} b WHERE {complete}) r
WHERE NOT EXISTS (SELECT FROM {parent} p WHERE {parent_match}{covering})
LIMIT 1
