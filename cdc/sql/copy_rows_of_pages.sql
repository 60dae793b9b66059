-- Purpose:    A part of a large table's rows, for COPY (query) TO STDOUT, which takes no parameters.
-- Parameters: {columns} of t; {table}; {first} page and the {end}, which is not included.
-- Result:     the rows on these pages.
SELECT {columns} FROM {table} AS t
WHERE t.ctid >= '({first},0)'::tid AND t.ctid < '({end},0)'::tid
