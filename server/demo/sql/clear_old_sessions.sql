-- Purpose:    Keep the demo small however long it runs: the oldest sessions that no sale names go.
-- Parameters: $1 how many sessions stay.
-- Result:     at most fifty sessions fewer.

DELETE FROM "TableSession"
WHERE "id" IN (
    SELECT s."id" FROM "TableSession" AS s
    WHERE s."status" = 'FINISHED'
      AND s."endedAt" < now() - interval '1 hour'
      AND NOT EXISTS (SELECT FROM "Sale" AS billed WHERE billed."sessionId" = s."id")
    ORDER BY s."endedAt"
    LIMIT least(50, greatest(0, (SELECT count(*) FROM "TableSession") - $1::bigint))
);
