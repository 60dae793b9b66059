-- Purpose:    Take one of our triggers off a table or partition.
-- Parameters: {table} its qualified name, {trigger} the trigger's.
-- Result:     the trigger is gone.
DROP TRIGGER IF EXISTS {trigger} ON {table}
