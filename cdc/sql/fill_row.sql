-- Purpose:    One row that could not be inserted.
-- Parameters: {stage_id} of s; {stage_row} of s; {stage}; $1 its place (tid as text).
-- Result:     one row: place, entity_id, image.
SELECT s.ctid::text AS place, {stage_id} AS entity_id, {stage_row} AS image FROM {stage} AS s WHERE s.ctid = $1::text::tid
