-- Purpose:    Apply changes of one table that are all inserts, where none of the rows is there: the batch statement's
--             work for the most usual batches, large and small, at half its cost.
-- Parameters: $1 to $4 belong to {batch}; {claim}, {proof}: what one change alone has besides, see cdc/express.py.
-- Result:     one row: total (rows inserted), outgoing and incoming (every foreign key of the table's own is to be
--             checked), act null. Less than all: something is not as expected.
WITH {claim}ins AS (
    INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE
    SELECT {values} FROM (SELECT b.new::{image} AS after FROM {batch} OFFSET 0) n
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) AS total, {outgoing} AS outgoing, {incoming} AS incoming, NULL::text AS act{proof} FROM ins
