-- Purpose:    Delete the rows that are only here.
-- Parameters: {table}; {difference}; {match} t and d.
-- Result:     none.
DELETE FROM {table} AS t USING {difference} AS d WHERE {match} AND d.kind = 'h'
