-- Purpose:    Whether the service has made this side ready. Before that, writing would make the sides differ.
-- Parameters: none. Fails with undefined_table where schema cdc is not there yet.
-- Result:     one boolean: first contact is done and both tables are captured.

SELECT first_contact = 'done'
       AND 2 = (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgname = 'cdc_capture_update')
FROM cdc.node;
