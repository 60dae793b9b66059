-- Purpose:    Put a large value together, once all its pieces are there, and forget them.
-- Parameters: {place} of its column; {bytes} and {words}: the value as bytea and as text of the pieces p, one of them null.
-- Result:     none. What is written takes the value from where it lies: PostgreSQL stores rows of several such values,
--             but makes no row larger than 1 GB in its memory.
INSERT INTO pg_temp.cdc_whole (place, bytes, words) SELECT {place}, {bytes}, {words} FROM pg_temp.cdc_piece p;
TRUNCATE pg_temp.cdc_piece
