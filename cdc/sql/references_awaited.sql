-- Purpose:    Rows of a parent table that are put off or refused, and that a refused child may wait for. Asked where a
--             foreign key does not say which row it is about: it may be to other unique columns, or to a period.
-- Parameters: $1 the texts that refer to the parent, $2 the names of its columns that they refer to, text[]; $3 its entity;
--             $4 most rows looked at, the newest; $5 most rows wanted. {match}: that the image of e is such a parent.
-- Result:     entity_id and incoming, json text, of each.
SELECT e.entity_id, e.incoming::text AS incoming
FROM (SELECT s.entity_id, s.incoming FROM cdc.sync_state s
      WHERE s.entity = $3 AND s.status IN ('DEFERRED', 'OPEN') AND s.incoming IS NOT NULL
      ORDER BY s.id DESC LIMIT $4) e
WHERE {match}
LIMIT $5
