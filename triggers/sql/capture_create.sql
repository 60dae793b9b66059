-- Purpose:    Put the four capture triggers on one table or partition.
-- Parameters: {table} its qualified name, {id} the number in cdc.captured_table that its changes are recorded under.
-- Result:     the triggers fire in every session, replication sessions too; under our own setting they do nothing. That of
--             TRUNCATE fires before it, so that rows which somebody's own trigger writes after it are recorded after it.
CREATE TRIGGER cdc_capture_insert AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT
    EXECUTE FUNCTION cdc.capture_insert({id});
CREATE TRIGGER cdc_capture_update AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT
    EXECUTE FUNCTION cdc.capture_update({id});
CREATE TRIGGER cdc_capture_delete AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT
    EXECUTE FUNCTION cdc.capture_delete({id});
CREATE TRIGGER cdc_capture_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT
    EXECUTE FUNCTION cdc.capture_truncate({id});
ALTER TABLE ONLY {table}
    ENABLE ALWAYS TRIGGER cdc_capture_insert, ENABLE ALWAYS TRIGGER cdc_capture_update,
    ENABLE ALWAYS TRIGGER cdc_capture_delete, ENABLE ALWAYS TRIGGER cdc_capture_truncate
