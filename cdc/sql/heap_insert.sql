-- Purpose:    Insert the rows that came from the other side.
-- Parameters: {into} the table; {names} bare columns; {values} of s; {stage}.
-- Result:     none.
INSERT INTO {into} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {stage} AS s
