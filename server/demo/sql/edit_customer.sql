-- Purpose:    The office corrects a customer's card: telephone, membership, preferences.
-- Parameters: none.
-- Result:     one "Customer" changed.

UPDATE "Customer"
SET "phone" = '07700 900' || lpad(floor(random() * 1000)::int::text, 3, '0'),
    "membership" = CASE WHEN "membership" = 'GUEST' AND random() < 0.3 THEN 'MEMBER' ELSE "membership" END,
    "preferences" = coalesce("preferences", '{}') || jsonb_build_object('newsletter', random() < 0.5),
    "updatedAt" = clock_timestamp()
WHERE "id" = (SELECT "id" FROM "Customer" ORDER BY random() LIMIT 1);
