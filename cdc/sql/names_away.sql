-- Purpose:    Take what is kept of renamed tables away from their names, so that tables can have exchanged theirs.
-- Parameters: one element per table: $1 its name so far, $2 its new one, text[].
-- Result:     none. Everything is under the new name, with a line feed before it.
WITH names AS (
    SELECT * FROM unnest($1::text[], $2::text[]) AS n (former, name)
), listed AS (
    UPDATE cdc.recheck r SET entity = E'\n' || n.name FROM names n WHERE r.entity = n.former
)
UPDATE cdc.sync_state s SET entity = E'\n' || n.name FROM names n WHERE s.entity = n.former
