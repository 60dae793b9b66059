-- Purpose:    Both versions of every differing row, before anything is written.
-- Parameters: {entity_id} of d; {table_row}, {stage_row} rows of t and s; {difference}; {table}; {stage}; {match} t and d;
--             {stage_match} s and d.
-- Result:     kind, entity_id, current, incoming (row texts or null).
SELECT d.kind::text AS kind, {entity_id} AS entity_id,
       CASE WHEN d.kind <> 'o' THEN {table_row} END AS current,
       CASE WHEN d.kind <> 'h' THEN {stage_row} END AS incoming
FROM {difference} AS d
LEFT JOIN {table} AS t ON {match}
LEFT JOIN {stage} AS s ON {stage_match}
