-- Purpose:    Keep only the rows to insert: those that differ are conflicts, written down already.
-- Parameters: {stage}; {difference}; {stage_match} s and d.
-- Result:     none.
DELETE FROM {stage} AS s USING {difference} AS d WHERE {stage_match} AND d.kind = 'b'
