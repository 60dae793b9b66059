-- Purpose:    A reference that leads nowhere, in a whole table.
-- Parameters: {child}, {parent} the tables; {columns} of the child as c; {present} none of them null; {matches} p and c;
--             {covering}: that parents cover the child's period, empty of other keys.
-- Result:     one row, reference (text), or none.
SELECT (ROW({columns}))::text AS reference
FROM {child} AS c
WHERE {present} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {matches}{covering})
LIMIT 1
