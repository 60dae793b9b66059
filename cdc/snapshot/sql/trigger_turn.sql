-- Purpose:    Keep a trigger from firing, or let it fire again.
-- Parameters: {table}; {turn} ENABLE, ENABLE ALWAYS, ENABLE REPLICA or DISABLE; {trigger}.
-- Result:     none.
ALTER TABLE ONLY {table} {turn} TRIGGER {trigger}
