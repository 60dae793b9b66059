-- Purpose:    Count the rows of some tables.
-- Parameters: none; {counts} are sub-selects, one a table.
-- Result:     counts, in that order.
SELECT ARRAY[{counts}]::bigint[]
