-- Purpose:    What tables looked like on both sides when these were last known to agree.
-- Parameters: none.
-- Result:     entity, known (JSON text); one row with entity '' once definitions are kept at all.
SELECT entity, known::text AS known FROM cdc.definition
