-- Purpose:    The products both sides reprice, as this side has them; where the sides differ, it is disputed.
-- Parameters: $1 the tag they bear.
-- Result:     id and a fingerprint of the whole row.

SELECT p."id", md5((p.*)::text) AS print FROM "Product" AS p WHERE $1 = ANY (p."tags") ORDER BY p."id";
