-- Purpose:    A place for the suspects' keys on the other side, with its types.
-- Parameters: {suspects} the place; {names} of the keys; {reading}.
-- Result:     none; it goes with the session.
CREATE TEMP TABLE {suspects} AS SELECT {names} FROM ({reading}) AS r WITH NO DATA
