-- Purpose:    Whether this side has met the other and captures what the office writes. Before that, writing here
--             would be in the way of the first copy, or would never reach the other side.
-- Parameters: none. Fails with undefined_table where schema cdc is not there yet.
-- Result:     one boolean.

SELECT first_contact = 'done' AND 3 = (
    SELECT count(*)
    FROM pg_catalog.pg_trigger AS t
    WHERE t.tgname = 'cdc_capture_update'
      AND t.tgrelid IN (to_regclass('public."Product"'), to_regclass('public."Customer"'),
                        to_regclass('public."TableSession"')))
FROM cdc.node;
