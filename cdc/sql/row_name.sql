-- Purpose:    The name that a row goes by among conflicts.
-- Parameters: $1 an image, text.
-- Result:     entity_id.
SELECT {entity_id} AS entity_id FROM (SELECT {key_of_after} FROM (SELECT $1::text::{image} AS after OFFSET 0) x) n
