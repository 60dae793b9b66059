-- Purpose:    The till takes the money and closes a sale.
-- Parameters: $1 id of the sale, $2 id of the payment.
-- Result:     the sale is PAID with its total, one "Payment", one "StockMovement" for each of its lines.

WITH lines AS (
    SELECT "lineNo", "productId", "quantity", "quantity" * "unitPrice" - "discount" AS amount
    FROM "SaleItem"
    WHERE "saleId" = $1
), closed AS (
    UPDATE "Sale"
    SET "status" = 'PAID', "total" = (SELECT sum(amount) FROM lines), "closedAt" = clock_timestamp()
    WHERE "id" = $1 AND "status" = 'OPEN'
    RETURNING "id", "employeeId", "total"
), paid AS (
    INSERT INTO "Payment" ("id", "saleId", "method", "amount")
    SELECT $2::text, "id",
           (ARRAY['CONTACTLESS', 'CARD', 'CASH'])[1 + floor(random() * 3)::int]::"PaymentMethod",
           "total"
    FROM closed
)
INSERT INTO "StockMovement" ("id", "productId", "employeeId", "saleId", "reason", "quantity")
SELECT 'c' || left(md5(closed."id" || lines."lineNo"), 24),
       lines."productId", closed."employeeId", closed."id", 'SALE', -lines."quantity"
FROM closed CROSS JOIN lines;
