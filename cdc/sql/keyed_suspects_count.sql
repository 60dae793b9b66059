-- Purpose:    How the suspects that stand differ.
-- Parameters: {suspects}; {entity_id} of d; $1 ids that do not count, text[]; $2 ids with an open conflict on the other
--             side, text[]; $3 entity.
-- Result:     one row: here (rows only here), other, both; known (of all these: in an open conflict or put off).
SELECT count(*) FILTER (WHERE d.other IS NULL) AS here, count(*) FILTER (WHERE d.here IS NULL) AS other,
       count(*) FILTER (WHERE d.here IS NOT NULL AND d.other IS NOT NULL) AS both,
       count(*) FILTER (WHERE d.entity_id = ANY ($2::text[]) OR EXISTS (
           SELECT FROM cdc.sync_state s
           WHERE s.entity = $3 AND s.entity_id = d.entity_id AND s.status IN ('OPEN', 'DEFERRED'))) AS known
FROM (SELECT {entity_id} AS entity_id, d.here, d.other FROM {suspects} AS d WHERE d.stands OFFSET 0) AS d
WHERE d.entity_id <> ALL ($1::text[])
