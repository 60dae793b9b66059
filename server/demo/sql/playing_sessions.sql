-- Purpose:    Who is playing, for the office's wall chart.
-- Parameters: none.
-- Result:     id of each session being played, longest first, twenty at most.

SELECT "id" FROM "TableSession" WHERE "status" = 'PLAYING' ORDER BY "startedAt" LIMIT 20;
