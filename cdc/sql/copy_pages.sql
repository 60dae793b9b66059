-- Purpose:    Say which part of a large table the next copy_rows_of_pages takes.
-- Parameters: $1 first page, $2 the page after the last (bigint).
-- Result:     one row.
SELECT set_config('cdc.copy_from', '(' || $1::bigint || ',0)', true),
       set_config('cdc.copy_to', '(' || $2::bigint || ',0)', true)
