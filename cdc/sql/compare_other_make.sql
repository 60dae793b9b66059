-- Purpose:    A place for the other side's keys and row hashes, with this side's types.
-- Parameters: {other} the place; {fields} keys under our names and a hash; {table}.
-- Result:     none; it goes with the transaction.
CREATE TEMP TABLE {other} ON COMMIT DROP AS SELECT {fields} FROM {table} AS t WITH NO DATA
