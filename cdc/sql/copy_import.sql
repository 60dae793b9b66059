-- Purpose:    See what another session's exported snapshot sees. First statement of the transaction.
-- Parameters: {snapshot} the exported name, as a literal.
-- Result:     none.
SET TRANSACTION SNAPSHOT {snapshot}
