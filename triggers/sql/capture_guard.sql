-- Purpose:    How the capture functions of rows begin: our own writes are counted and left out, and cdc.capture_columns()
--             is told the table.
-- Parameters: none.
-- Result:     a part of each of them (see triggers/functions.py). One condition asks both; in an application's session,
--             writing the table it wrote before, it is all there is.
    IF current_setting('cdc.applying', true) = 'on'
       OR current_setting('cdc.relation', true) IS DISTINCT FROM TG_RELID::text THEN
        IF current_setting('cdc.applying', true) = 'on' THEN
            PERFORM nextval('cdc.own_writes');
            RETURN NEW;
        END IF;
        PERFORM set_config('cdc.relation', TG_RELID::text, false);
    END IF;
