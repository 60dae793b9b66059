-- Purpose:    Apply the insert of one row where there is none; see apply_one_update.
-- Parameters: $1 the image after, text.
-- Result:     one row when it was carried out: outgoing and incoming, every foreign key to be checked.
INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE
SELECT {values} FROM (SELECT $1::text::{image} AS after OFFSET 0) n
ON CONFLICT DO NOTHING
RETURNING {outgoing} AS outgoing, {incoming} AS incoming
