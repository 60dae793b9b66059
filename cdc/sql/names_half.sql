-- Purpose:    Under which names BACKUP keeps what is kept of some tables, while MAIN still has it under their former ones.
-- Parameters: none.
-- Result:     none or one JSON text: names by the tables' oids on MAIN.
SELECT known::text FROM cdc.definition WHERE entity = '(half renamed)'
