-- Purpose:    A place for the list of differing keys.
-- Parameters: {difference}; {own_keys} of t under our names; {table}.
-- Result:     none.
CREATE TEMP TABLE {difference} ON COMMIT DROP AS SELECT {own_keys}, 'b'::"char" AS kind FROM {table} AS t WITH NO DATA
