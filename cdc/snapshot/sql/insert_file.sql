-- Purpose:    Give a new table the rows of the file.
-- Parameters: {into} the table; {names} bare columns; {values} of s; {file}.
-- Result:     none.
INSERT INTO {into} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {file} AS s
