-- Purpose:    The light over a table goes out: the session ends and is charged, half an hour at least.
-- Parameters: $1 id of the session.
-- Result:     the session is FINISHED with its charge.

UPDATE "TableSession" AS s
SET "status" = 'FINISHED',
    "endedAt" = clock_timestamp(),
    "charge" = round(
        t."perHour" * greatest(0.5, extract(epoch FROM clock_timestamp() - s."startedAt") / 3600), 2)
FROM "SnookerTable" AS t
WHERE s."id" = $1 AND s."status" = 'PLAYING' AND t."id" = s."tableId";
