-- Purpose:    Somebody joins: the office files a new card, as long as the cabinet holds it.
-- Parameters: $1 id, $2 name, $3 how many customers there may be.
-- Result:     one "Customer" more, or none where the limit is reached.

INSERT INTO "Customer" ("id", "name", "phone", "membership", "updatedAt")
SELECT $1::text, $2::text, '07700 900' || lpad(floor(random() * 1000)::int::text, 3, '0'),
       'GUEST', clock_timestamp()
WHERE (SELECT count(*) FROM "Customer") < $3::bigint;
