-- Purpose:    The rows here that are surplus to the other side's, for COPY (query) TO STDOUT.
-- Parameters: {columns} of t; {hash} of t; {hash_name}, {number_name} free names; {table}; {difference}.
-- Result:     the rows.
SELECT {columns}
FROM (SELECT {columns}, {hash} AS {hash_name}, row_number() OVER (PARTITION BY {hash}) AS {number_name}
      FROM {table} AS t) AS t
JOIN {difference} AS d ON d.hash = t.{hash_name} AND t.{number_name} <= d.here
