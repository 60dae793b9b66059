-- Purpose:    Rows of a batch that are not as they were to be written: a trigger or the server made something else of
--             them. Rows that a conflict holds are among them.
-- Parameters: $1 to $4 belong to {batch}.
-- Result:     entity_id of each.
WITH batch AS MATERIALIZED (
    SELECT b.seq, b.old::{image} AS o, b.new::{image} AS n, b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), event AS (
    SELECT b.seq, p.part, {key_of_b},
           CASE WHEN p.part = 1 OR NOT b.moved THEN b.n END AS after,
           b.has_n AND (p.part = 1 OR NOT b.moved) AS has_after
    FROM (SELECT *, has_o AND has_n AND NOT ({same_key}) AS moved FROM batch) b
    JOIN (VALUES (0), (1)) AS p (part) ON p.part = 0 OR b.moved
), final AS MATERIALIZED (
    SELECT DISTINCT ON ({keys}) * FROM event ORDER BY {keys}, seq DESC, part DESC
)
SELECT {entity_id} AS entity_id
FROM final n LEFT JOIN {table} t ON {match}
WHERE CASE WHEN n.has_after THEN t.ctid IS NULL OR NOT ({current} *= {after} OR {fits} AND {current}::text = {after}::text)
           ELSE t.ctid IS NOT NULL END
