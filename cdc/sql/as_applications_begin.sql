-- Purpose:    Have names mean what they mean to applications, while DDL is carried out that event triggers may fire for.
-- Parameters: none; cdc.schemas is the session's search_path of the synced schemas.
-- Result:     a row; what search_path was is kept until as_applications_end.
SELECT set_config('cdc.search_path', current_setting('search_path'), true),
       set_config('search_path', current_setting('cdc.schemas'), true)
