-- Purpose:    Rows that this side wrote and the source had not applied when it truncated the table.
-- Parameters: as truncate_layouts; $4 the list of columns that {image} has.
-- Result:     entity_id of each; of a table without a key the whole row's text, and copies: how many came of it, less how
--             many went.
SELECT {image_id} AS entity_id, sum(n.copies) AS copies
FROM (SELECT x.after, x.copies {and_key_of_after}
      FROM cdc.captured_table c
      JOIN cdc.changelog l ON l.table_id = c.id
      CROSS JOIN LATERAL (SELECT l.old::{image} AS after, -1 AS copies WHERE l.old IS NOT NULL
                          UNION ALL SELECT l.new::{image}, 1 WHERE l.new IS NOT NULL) x
      WHERE c.schema_name = $1 AND c.table_name = $2 AND l.op <> 'T' AND l.columns = $4::text[]
        AND ($3::text IS NULL OR NOT pg_visible_in_snapshot(l.txid, $3::text::pg_snapshot))) n
GROUP BY {image_id}
