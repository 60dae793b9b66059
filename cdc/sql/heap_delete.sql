-- Purpose:    Delete the rows that are surplus here.
-- Parameters: {hash} of t; {table}; {difference}.
-- Result:     none.
DELETE FROM {table} AS t
USING (SELECT t.ctid AS place, t.tableoid AS part, {hash} AS hash, row_number() OVER (PARTITION BY {hash}) AS number
       FROM {table} AS t) AS x
JOIN {difference} AS d ON d.hash = x.hash AND x.number <= d.here
WHERE t.ctid = x.place AND t.tableoid = x.part
