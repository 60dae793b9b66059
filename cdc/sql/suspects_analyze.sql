-- Purpose:    Let the planner know how few suspects there are.
-- Parameters: {place}.
-- Result:     none.
ANALYZE {place}
