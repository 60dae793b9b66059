-- Purpose:    Take out inserted rows that refer to a row which is not here.
-- Parameters: {table}; {stage}; {same_key} t and s; {present} the reference's columns of t; {parent}; {matches} p and t;
--             {covering}: that parents cover the child's period, empty of other keys;
--             {stage_id}, {stage_row} of s.
-- Result:     place, entity_id, image of each.
DELETE FROM {table} AS t USING {stage} AS s
WHERE {same_key} AND {present} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {matches}{covering})
RETURNING s.ctid::text AS place, {stage_id} AS entity_id, {stage_row} AS image
