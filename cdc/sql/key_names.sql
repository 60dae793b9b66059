-- Purpose:    The names that rows go by among conflicts.
-- Parameters: $1 images with their keys, text[].
-- Result:     entity_id of each, in the order of the images.
SELECT {entity_id} AS entity_id
FROM (SELECT x.place, {key_of_after} FROM (SELECT u.place, u.image::{image} AS after
                                           FROM unnest($1::text[]) WITH ORDINALITY AS u (image, place) OFFSET 0) x) n
ORDER BY n.place
