-- Purpose:    Apply the update of one row where it is what the source's row was: the batch statement's work for
--             the most usual batch there is, at a third of its cost.
-- Parameters: $1 the image before, $2 the image after, texts.
-- Result:     one row (outgoing, incoming: whether each foreign key is to be checked) when it was carried out; none
--             when anything is not as expected: the batch statement then finds out what.
WITH item AS MATERIALIZED (
    SELECT $1::text::{image} AS origin, $2::text::{image} AS after
)
UPDATE {table} t SET {settings}
FROM (SELECT b.origin, b.after, true AS has_origin, true AS has_after, {key_of_origin} FROM item b
      WHERE {same_key_of_item}) n
WHERE {match} AND ({current} *= {before} OR {current}::text = {before}::text)
RETURNING {outgoing} AS outgoing, {incoming} AS incoming
