-- Purpose:    The rows that are surplus here, before they are deleted.
-- Parameters: {table_row} of t; {hash} of t; {table}; {difference}.
-- Result:     kind, entity_id, current, incoming (row texts or null): the row itself is its identity.
SELECT 'h' AS kind, x.image AS entity_id, x.image AS current, NULL::text AS incoming
FROM (SELECT {table_row} AS image, {hash} AS hash, row_number() OVER (PARTITION BY {hash}) AS number
      FROM {table} AS t) AS x
JOIN {difference} AS d ON d.hash = x.hash AND x.number <= d.here
