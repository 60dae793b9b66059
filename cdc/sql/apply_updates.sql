-- Purpose:    Apply changes of one table that are all updates of rows which are what the source's rows were; see
--             apply_inserts. A key that moved, or that occurs twice, makes the total fall short.
-- Parameters: as for apply_inserts.
-- Result:     as apply_inserts; outgoing and incoming tell whether each foreign key is to be checked.
WITH {claim}item AS MATERIALIZED (
    SELECT b.old::{image} AS origin, b.new::{image} AS after FROM {batch}
), upd AS (
    UPDATE {table} t SET {settings}
    FROM (SELECT b.origin, b.after, true AS has_origin, true AS has_after, {key_of_origin} FROM item b
          WHERE {same_key_of_item} ORDER BY {keys}) n
    WHERE {settable} AND {match} AND ({current} *= {before} OR {fits} AND {current}::text = {before}::text)
    RETURNING {flags}
)
SELECT count(*) AS total, {outgoing} AS outgoing, {incoming} AS incoming, NULL::text AS act{proof} FROM upd
