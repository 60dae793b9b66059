-- Purpose:    Remove one row by the key in an image, whatever it holds now.
-- Parameters: $1 an image with the key, as text.
-- Result:     none; the command tag tells whether a row was there.
DELETE FROM {table} t USING (SELECT $1::text::{image} AS after) x, LATERAL (SELECT {key_of_after}) n WHERE {match}
