-- Purpose:    The names that rows recorded by key only go by among conflicts.
-- Parameters: $1 images with their keys, text[].
-- Result:     entity_id, each once.
SELECT DISTINCT {entity_id} AS entity_id
FROM (SELECT {key_of_after} FROM (SELECT u.image::{image} AS after FROM unnest($1::text[]) AS u (image) OFFSET 0) x) n
