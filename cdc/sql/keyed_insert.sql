-- Purpose:    Insert the other side's rows that are not here.
-- Parameters: {into} the table; {table} its rows; {names} bare columns; {values} of s; {stage}; {same_key} t and s.
-- Result:     none.
INSERT INTO {into} ({names}) OVERRIDING SYSTEM VALUE
SELECT {values} FROM {stage} AS s WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same_key})
