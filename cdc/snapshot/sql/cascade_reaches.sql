-- Purpose:    Find a row that deleting a table's surplus rows would cascade to.
-- Parameters: {columns} of c; {child}; {parent}; {matches} p and c; {difference}; {match} p and d.
-- Result:     one row where there is one: the reference's text.
SELECT (ROW({columns}))::text AS reference
FROM {child} AS c
JOIN {parent} AS p ON {matches}
WHERE EXISTS (SELECT FROM {difference} AS d WHERE {match} AND d.kind = 'h')
LIMIT 1
