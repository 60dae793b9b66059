-- Purpose:    The rows here that the other side lacks or has otherwise, for COPY (query) TO STDOUT.
-- Parameters: {columns} of t; {table}; {difference}; {match} t and d.
-- Result:     the rows.
SELECT {columns} FROM {table} AS t JOIN {difference} AS d ON {match} WHERE d.kind <> 'o'
