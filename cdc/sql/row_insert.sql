-- Purpose:    Insert one row from an image; unlike the batch's insert it raises what stands in the way.
-- Parameters: $1 the image as text.
-- Result:     none.
INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE
SELECT {values} FROM (SELECT $1::text::{image} AS after OFFSET 0) n
