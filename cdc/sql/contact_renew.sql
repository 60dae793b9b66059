-- Purpose:    Begin a new history of this database: no earlier copy can be taken for it any more.
-- Parameters: none.
-- Result:     none.
UPDATE cdc.node SET token = gen_random_uuid()
