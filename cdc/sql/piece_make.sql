-- Purpose:    The table that large values are brought to, piece by piece, private to this session.
-- Parameters: none.
-- Result:     none; an existing one is emptied. Pieces are not compressed: most large values are already.
CREATE TEMP TABLE IF NOT EXISTS cdc_piece (place int, part int, data bytea);
ALTER TABLE pg_temp.cdc_piece ALTER COLUMN data SET STORAGE EXTERNAL;
TRUNCATE pg_temp.cdc_piece
