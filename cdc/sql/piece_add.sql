-- Purpose:    Keep a piece of a large value.
-- Parameters: $1 the column's place, $2 the piece's, $3 the bytes.
-- Result:     none.
INSERT INTO pg_temp.cdc_piece (place, part, data) VALUES ($1, $2, $3)
