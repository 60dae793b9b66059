-- Purpose:    Keep a piece of a large value.
-- Parameters: $1 the piece's place, $2 the bytes.
-- Result:     none.
INSERT INTO pg_temp.cdc_piece (part, data) VALUES ($1, $2)
