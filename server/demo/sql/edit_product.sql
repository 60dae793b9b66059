-- Purpose:    The office goes over the price list: a price, a reorder level, a tag or an attribute changes.
-- Parameters: $1 tag of the products left alone (the till reprices those).
-- Result:     one "Product" changed.

UPDATE "Product"
SET "price" = CASE WHEN random() < 0.4
                   THEN greatest(0.50, "price" + (ARRAY[-0.10, 0.10, 0.20])[1 + floor(random() * 3)::int])
                   ELSE "price" END,
    "reorderAt" = CASE WHEN random() < 0.3 THEN 6 * (1 + floor(random() * 8)::int) ELSE "reorderAt" END,
    "tags" = CASE WHEN random() < 0.2
                  THEN array_remove("tags", 'new') || CASE WHEN 'new' = ANY ("tags") THEN '{}'::text[]
                                                           ELSE '{new}' END
                  ELSE "tags" END,
    "attributes" = "attributes" || jsonb_build_object('checkedAt', to_char(now(), 'YYYY-MM-DD')),
    "updatedAt" = clock_timestamp()
WHERE "id" = (SELECT "id" FROM "Product" WHERE NOT $1 = ANY ("tags") ORDER BY random() LIMIT 1);
