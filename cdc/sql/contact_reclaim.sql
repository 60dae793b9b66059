-- Purpose:    Make a copy of the other side's database this side's. What it remembers of links is the other's.
-- Parameters: $1 the side it becomes.
-- Result:     none; nothing is done where it is that side already.
WITH changed AS (
    UPDATE cdc.node SET side = $1, first_contact = 'pending', first_contact_note = NULL WHERE side <> $1
    RETURNING 1
)
DELETE FROM cdc.position WHERE EXISTS (SELECT FROM changed)
