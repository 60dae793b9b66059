-- Purpose:    Keys and hashes of the file's rows, to be compared with the table's.
-- Parameters: {other} the place, made already; {fields} keys under our names and a hash, of t; {file}.
-- Result:     none.
INSERT INTO {other} SELECT {fields} FROM {file} AS t
