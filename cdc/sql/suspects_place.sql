-- Purpose:    A place for what the other side reads, with this side's types.
-- Parameters: {other} the place; {reading}.
-- Result:     none; it goes with the session.
CREATE TEMP TABLE {other} AS SELECT r.* FROM ({reading}) AS r WITH NO DATA
