-- Purpose:    What lies open on the till.
-- Parameters: none.
-- Result:     id and number of lines of each open sale, oldest first, ten at most.

SELECT s."id", (SELECT count(*) FROM "SaleItem" AS i WHERE i."saleId" = s."id") AS lines
FROM "Sale" AS s
WHERE s."status" = 'OPEN'
ORDER BY s."openedAt"
LIMIT 10;
