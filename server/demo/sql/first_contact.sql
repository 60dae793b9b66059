-- Purpose:    Whether this side has met the other: before that, the office must not write on BACKUP.
-- Parameters: none. Fails with undefined_table where schema cdc is not there yet.
-- Result:     one boolean.

SELECT first_contact = 'done' FROM cdc.node;
