-- Purpose:    The till rings up one more product on an open sale, at the price MAIN shows now.
-- Parameters: $1 id of the sale, $2 quantity.
-- Result:     one "SaleItem" under the next line number; pro shop goods are rung up once and seldom.

INSERT INTO "SaleItem" ("saleId", "lineNo", "productId", "quantity", "unitPrice")
SELECT s."id",
       1 + coalesce((SELECT max(i."lineNo") FROM "SaleItem" AS i WHERE i."saleId" = s."id"), 0),
       p."id",
       CASE WHEN p."price" < 12 THEN $2::int ELSE 1 END,
       p."price"
FROM "Sale" AS s
CROSS JOIN (
    SELECT "id", "price" FROM "Product" WHERE "active" ORDER BY random() * least("price", 20) LIMIT 1
) AS p
WHERE s."id" = $1 AND s."status" = 'OPEN';
