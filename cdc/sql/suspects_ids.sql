-- Purpose:    Suspects that stand, by the ids that people know them by.
-- Parameters: {entity_id} of d; {suspects}; $1 the id to begin after (null: the first); $2 most rows wanted.
-- Result:     entity_id, in order of bytes.
SELECT d.entity_id
FROM (SELECT {entity_id} AS entity_id FROM {suspects} AS d WHERE d.stands) AS d
WHERE $1::text IS NULL OR d.entity_id COLLATE "C" > $1
ORDER BY d.entity_id COLLATE "C" LIMIT $2
