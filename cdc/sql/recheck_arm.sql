-- Purpose:    Remember two differing rows and what each side had done, to compare once more when both links
--             have passed these points.
-- Parameters: $1 entity, $2 entity_id, $3 here_seen, $4 here_image, $5 there_seen, $6 there_image;
--             $7 here_seen as read: a key that was put on the list anew starts over.
-- Result:     none.
UPDATE cdc.recheck
SET here_seen = $3::text::pg_snapshot, here_image = $4, there_seen = $5::text::pg_snapshot, there_image = $6,
    compared = compared + 1
WHERE entity = $1 AND entity_id = $2 AND here_seen::text = $7
