-- Purpose:    Let go of what the rows that are about to be deleted refer to.
-- Parameters: {table}; {nulls} the columns set to null; {difference}; {match} t and d.
-- Result:     none.
UPDATE {table} AS t SET {nulls} FROM {difference} AS d WHERE {match} AND d.kind = 'h'
