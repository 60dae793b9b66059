-- Purpose:    Rows that a unique index other than the key's refused.
-- Parameters: {stage_id} of s; {stage_row} of s; {stage}; {table}; {same_key} t and s.
-- Result:     place, entity_id, image.
SELECT s.ctid::text AS place, {stage_id} AS entity_id, {stage_row} AS image
FROM {stage} AS s WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same_key})
