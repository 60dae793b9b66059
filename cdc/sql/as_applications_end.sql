-- Purpose:    Have names mean again what they meant before as_applications_begin.
-- Parameters: none.
-- Result:     a row.
SELECT set_config('search_path', current_setting('cdc.search_path'), true)
