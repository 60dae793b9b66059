-- Purpose:    Apply the delete of one row where it is what the source's row was; see apply_one_update.
-- Parameters: $1 the image before, text.
-- Result:     as apply_one_update.
WITH item AS MATERIALIZED (
    SELECT $1::text::{image} AS origin
)
DELETE FROM {table} t
USING (SELECT b.origin, NULL::{image} AS after, true AS has_origin, false AS has_after, {key_of_origin} FROM item b) n
WHERE {match} AND ({current} *= {before} OR {current}::text = {before}::text)
RETURNING {outgoing} AS outgoing, {incoming} AS incoming
