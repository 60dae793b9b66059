-- Purpose:    Some of the records that differ.
-- Parameters: {entity_id} of d; {difference}; $1 most rows wanted.
-- Result:     kind, entity_id.
SELECT CASE d.kind WHEN 'h' THEN 'DELETE' WHEN 'o' THEN 'INSERT' ELSE 'UPDATE' END AS kind, {entity_id} AS entity_id
FROM {difference} AS d LIMIT $1
