-- Purpose:    Remember rows of both sides and what each side had done, to compare once more when both links have passed
--             these points.
-- Parameters: $1 entity; $2 here_seen and $3 there_seen as they become; one element per key: $4 entity ids text[],
--             $5 here_image, $6 there_image text[], $7 here_seen as read text[]: a key that was put on the list anew
--             starts over.
-- Result:     none. The form leaves one plan: each key is looked up by itself.
UPDATE cdc.recheck r
SET here_seen = $2::text::pg_snapshot, here_image = x.here_image, there_seen = $3::text::pg_snapshot,
    there_image = x.there_image, compared = r.compared + 1
FROM (SELECT $1::text AS entity, u.* FROM unnest($4::text[], $5::text[], $6::text[], $7::text[])
                                          AS u (entity_id, here_image, there_image, here_seen) OFFSET 0) x
WHERE r.entity = ANY (ARRAY[x.entity]) AND r.entity_id = ANY (ARRAY[x.entity_id]) AND r.here_seen::text = ANY (ARRAY[x.here_seen])
