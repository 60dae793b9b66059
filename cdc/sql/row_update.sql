-- Purpose:    Give one row the values of an image, whatever it holds now.
-- Parameters: $1 the image as text.
-- Result:     none; the command tag tells whether a row was there.
UPDATE {table} t SET {settings}
FROM (SELECT x.after, {key_of_after} FROM (SELECT $1::text::{image} AS after OFFSET 0) x) n WHERE {settable} AND {match}
