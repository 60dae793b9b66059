-- Purpose:    Tells whether the open conflicts of this database are still those that were read.
-- Parameters: none.
-- Result:     one value: a text that is another one after any of them has changed.
SELECT concat_ws('/', count(*), sum(s.id), max(s.updated_at)) FROM cdc.sync_state s WHERE s.status = 'OPEN'
