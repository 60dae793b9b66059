-- Purpose:    A part of a large table's rows, for COPY (query) TO STDOUT, which takes no parameters.
-- Parameters: {columns} of t; {table}; the settings cdc.copy_from and cdc.copy_to, tids, from inclusive, to exclusive.
-- Result:     the rows on these pages.
SELECT {columns} FROM {table} AS t
WHERE t.ctid >= current_setting('cdc.copy_from')::tid AND t.ctid < current_setting('cdc.copy_to')::tid
