-- Purpose:    Of the file's rows, those that the table has not often enough.
-- Parameters: {stage} the place, made already; {columns} of t; {hash} of t; {hash_name}, {number_name} free names; {file};
--             {difference}.
-- Result:     none.
INSERT INTO {stage}
SELECT {columns}
FROM (SELECT {columns}, {hash} AS {hash_name}, row_number() OVER (PARTITION BY {hash}) AS {number_name}
      FROM {file} AS t) AS t
JOIN {difference} AS d ON d.hash = t.{hash_name} AND t.{number_name} <= d.other
