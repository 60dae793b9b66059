-- Purpose:    Have a link's position belong to an opening, so that no other goes on from it.
-- Parameters: $1 source; $2 the opening's name; $3 that of the opening before, null without one.
-- Result:     one row, or none where another instance was opened meanwhile.
UPDATE cdc.position p SET opening = $2
WHERE p.source = $1 AND p.entity = '' AND p.opening IS NOT DISTINCT FROM $3
RETURNING p.source
