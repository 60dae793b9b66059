-- Purpose:    Let go of what rows refer to before they are deleted, or of their unique values before others take them.
-- Parameters: {table}; {nulls} the columns set to null; {difference}; {match} t and d; {kind} of them, a
--             literal: h for rows that are only here, b for rows that differ.
-- Result:     none.
UPDATE {table} AS t SET {nulls} FROM {difference} AS d WHERE {match} AND d.kind = {kind}
