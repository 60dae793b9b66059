-- Purpose:    Keys and hashes of the file's rows, to be compared with the table's.
-- Parameters: {other} the place; {fields} keys under our names and a hash, of t; {file}.
-- Result:     none; it goes with the session.
CREATE TEMP TABLE {other} AS SELECT {fields} FROM {file} AS t
