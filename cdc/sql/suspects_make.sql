-- Purpose:    A place for the suspects: their keys, and what each side's reading of them is.
-- Parameters: {suspects} the place; {names} of the keys; {reading}.
-- Result:     none; it goes with the session.
CREATE TEMP TABLE {suspects} AS
SELECT {names}, r.value AS here, r.value AS other, false AS stands FROM ({reading}) AS r WITH NO DATA
