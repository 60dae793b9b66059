-- Purpose:    Keep the demo small however long it runs: the oldest paid sales go.
-- Parameters: $1 how many sales stay.
-- Result:     at most fifty sales fewer, with their lines, payments and stock movements (ON DELETE CASCADE).

DELETE FROM "Sale"
WHERE "id" IN (
    SELECT "id" FROM "Sale"
    WHERE "status" = 'PAID'
    ORDER BY "openedAt"
    LIMIT least(50, greatest(0, (SELECT count(*) FROM "Sale") - $1::bigint))
);
