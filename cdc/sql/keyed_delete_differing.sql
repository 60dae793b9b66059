-- Purpose:    Delete the rows that differ, to be inserted anew; where no trigger sees it, or nothing refers to the table.
-- Parameters: {table}; {difference}; {match} t and d.
-- Result:     none.
DELETE FROM {table} AS t USING {difference} AS d WHERE {match} AND d.kind = 'b'
