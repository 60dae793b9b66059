-- Purpose:    A place for rows that come from the other side.
-- Parameters: {stage}; {columns} of t; {table}.
-- Result:     none; it goes with the transaction.
CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {columns} FROM {table} AS t WITH NO DATA
