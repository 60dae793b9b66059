-- Purpose:    A place for a table's rows as a snapshot file has them.
-- Parameters: {file}; {columns} of t; {table}.
-- Result:     none; it goes with the session.
CREATE TEMP TABLE {file} AS SELECT {columns} FROM {table} AS t WITH NO DATA
