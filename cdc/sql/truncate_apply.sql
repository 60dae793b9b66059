-- Purpose:    Carry out a TRUNCATE of the source: delete the rows it had seen. Rows that this side wrote and the
--             source had not applied yet are left; both sides' rows of those keys are compared later.
-- Parameters: $1 what the source had applied of this side when it truncated, text, null for nothing;
--             $2 this side's own number of the table; $3 this side's column names, as {image} has them.
-- Result:     entity_id of every key left for that reason.
WITH unseen AS MATERIALIZED (
    SELECT DISTINCT {entity_id} AS entity_id
    FROM (SELECT {key_of_item}
          FROM cdc.changelog l
          CROSS JOIN LATERAL (SELECT l.old::{image} AS n, true AS has_n, NULL::{image} AS o WHERE l.old IS NOT NULL
                              UNION ALL
                              SELECT l.new::{image}, true, NULL::{image} WHERE l.new IS NOT NULL) b
          WHERE l.table_id = $2 AND l.columns = $3::text[]
            AND ($1::text IS NULL OR NOT pg_visible_in_snapshot(l.txid, $1::text::pg_snapshot))) e
), gone AS (
    DELETE FROM {table} t WHERE {target_entity_id} NOT IN (SELECT entity_id FROM unseen)
)
SELECT entity_id FROM unseen
