-- Purpose:    The till opens a sale, often for a member, sometimes to bill a table session of the last day.
-- Parameters: $1 id of the sale.
-- Result:     one "Sale", OPEN, without lines. The receipt number is the till's clock: there is one till.

INSERT INTO "Sale" ("id", "receipt", "employeeId", "customerId", "sessionId")
SELECT $1::text,
       to_char(clock_timestamp(), 'YYMMDD-HH24MISSMS'),
       (SELECT e."id" FROM "Employee" AS e WHERE e."active" ORDER BY random() LIMIT 1),
       coalesce(visit."customerId", member."id"),
       visit."id"
FROM (SELECT 1) AS always
LEFT JOIN (
    SELECT s."id", s."customerId"
    FROM "TableSession" AS s
    WHERE s."status" = 'FINISHED' AND s."endedAt" > now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM "Sale" AS billed WHERE billed."sessionId" = s."id")
    ORDER BY s."endedAt" DESC
    LIMIT 1
) AS visit ON random() < 0.4
LEFT JOIN (SELECT c."id" FROM "Customer" AS c ORDER BY random() LIMIT 1) AS member ON random() < 0.3;
