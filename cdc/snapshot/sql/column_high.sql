-- Purpose:    The highest number in a column.
-- Parameters: {column} of t; {table}.
-- Result:     one value (bigint, null: no rows).
SELECT max(t.{column})::bigint FROM {table} AS t
