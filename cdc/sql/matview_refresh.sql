-- Purpose:    Fill a materialized view.
-- Parameters: {view} the view.
-- Result:     none.
REFRESH MATERIALIZED VIEW {view}
