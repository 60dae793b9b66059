-- Purpose:    Apply changes of one table that are all deletes of rows which are what the source's rows were; see
--             apply_inserts.
-- Parameters: as for apply_inserts.
-- Result:     as apply_updates.
WITH {claim}item AS MATERIALIZED (
    SELECT b.old::{image} AS origin FROM {batch}
), del AS (
    DELETE FROM {table} t
    USING (SELECT b.origin, NULL::{image} AS after, true AS has_origin, false AS has_after, {key_of_origin} FROM item b
           ORDER BY {keys}) n
    WHERE {match} AND ({current} *= {before} OR {fits} AND {current}::text = {before}::text)
    RETURNING {flags}
)
SELECT count(*) AS total, {outgoing} AS outgoing, {incoming} AS incoming, NULL::text AS act{proof} FROM del
