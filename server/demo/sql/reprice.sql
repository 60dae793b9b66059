-- Purpose:    One side puts a new price on a product that the other side reprices in the same moment.
-- Parameters: $1 id of the product, $2 factor to the present price, $3 who says so.
-- Result:     one "Product" changed, price rounded to ten pence.

UPDATE "Product"
SET "price" = greatest(1.00, least(9.90, round("price" * $2::numeric, 1))),
    "attributes" = "attributes" || jsonb_build_object('repricedBy', $3::text),
    "updatedAt" = clock_timestamp()
WHERE "id" = $1;
