-- Purpose:    Schema cdc, version 11: the key of a row that is too large is asked of the table, not of what was installed.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     two functions fewer, which are made anew with other parameters. Where they are not, no notice says so.
DO $$
BEGIN
    IF to_regprocedure('cdc.capture_key(int)') IS NOT NULL THEN
        DROP FUNCTION cdc.capture_key(int), cdc.capture_large(int, text, text);
    END IF;
END
$$;
