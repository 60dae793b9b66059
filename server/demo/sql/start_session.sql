-- Purpose:    The office gives a free table to a customer.
-- Parameters: $1 id of the session.
-- Result:     one "TableSession" being played; none where every table is taken.

INSERT INTO "TableSession" ("id", "tableId", "customerId")
SELECT $1::text, t."id", (SELECT c."id" FROM "Customer" AS c ORDER BY random() LIMIT 1)
FROM "SnookerTable" AS t
WHERE t."inService"
  AND NOT EXISTS (SELECT FROM "TableSession" AS s WHERE s."tableId" = t."id" AND s."status" = 'PLAYING')
ORDER BY random()
LIMIT 1;
