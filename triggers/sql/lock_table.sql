-- Purpose:    Take the table's lock before anything else, so that we wait holding nothing.
-- Parameters: {table} its qualified name, {mode} the lock's.
-- Result:     the lock, until the transaction ends.
LOCK TABLE ONLY {table} IN {mode} MODE
