-- Purpose:    A place for keys and hashes of the file's rows.
-- Parameters: {other} the place; {fields} keys under our names and a hash, of t; {file}.
-- Result:     none; it goes with the session.
CREATE TEMP TABLE {other} AS SELECT {fields} FROM {file} AS t WITH NO DATA
