-- Purpose:    Give rows other keys in place, so that rows of other tables follow them (ON UPDATE CASCADE) and are not
--             deleted (ON DELETE CASCADE). Only where the row is what the source's row was, the new key is free, and no
--             other change of the batch has to do with either key; the others are deletes and inserts for apply.sql, which
--             then finds these done.
-- Parameters: $1 to $4 belong to {batch}; $5 entity; {new_keys}: the key of b.n as new_0, new_1, ...; {new_is_key}: that
--             of n is the key of l; {free}: t has the new key of n; {held}: a live entry holds the old key of n.
-- Result:     entity_id and moved_to, the ids of each row's old and new key.
WITH batch AS MATERIALIZED (
    SELECT b.seq, b.old::{image} AS o, b.new::{image} AS n, b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), event AS (
    SELECT b.seq, p.part, {key_of_b}, {new_keys}, b.o AS origin, b.n AS after, b.moved
    FROM (SELECT *, has_o AND has_n AND NOT ({same_key}) AS moved FROM batch) b
    JOIN (VALUES (0), (1)) AS p (part) ON p.part = 0 OR b.moved
), lone AS MATERIALIZED (
    SELECT e.* FROM (SELECT *, count(*) OVER (PARTITION BY {keys}) AS times FROM event) e WHERE e.times = 1
), move AS MATERIALIZED (
    SELECT n.* FROM (SELECT e.*, {entity_id} AS entity_id FROM lone e WHERE e.moved AND e.part = 0) n
    WHERE EXISTS (SELECT FROM lone l WHERE l.part = 1 AND l.seq = n.seq AND {new_is_key}) AND NOT {held}
)
UPDATE {table} t SET {settings}
FROM move n
WHERE {match} AND ({current} *= {before} OR {fits} AND {current}::text = {before}::text)
  AND NOT EXISTS (SELECT FROM {table} t WHERE {free})
RETURNING n.entity_id, {target_entity_id} AS moved_to
