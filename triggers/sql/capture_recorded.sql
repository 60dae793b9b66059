-- Purpose:    How the capture functions of rows end where one row has been recorded: they wake the listener if it sleeps.
-- Parameters: none.
-- Result:     a part of each of them (see triggers/functions.py). While the listener is awake this is one condition.
    IF FOUND AND (current_setting('max_prepared_transactions') <> '0'
                  OR pg_try_advisory_xact_lock_shared(6513763, 1)) THEN
        RETURN NEW;
    END IF;
    IF FOUND THEN
        PERFORM cdc.wake();
        RETURN NEW;
    END IF;
