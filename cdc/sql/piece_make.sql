-- Purpose:    The tables that large values are brought to, private to this session: the pieces of one of them, and those that
--             are whole.
-- Parameters: none.
-- Result:     none; existing ones are emptied. Nothing is compressed: most large values are already.
CREATE TEMP TABLE IF NOT EXISTS cdc_piece (part int, data bytea);
ALTER TABLE pg_temp.cdc_piece ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TEMP TABLE IF NOT EXISTS cdc_whole (place int, bytes bytea, words text);
ALTER TABLE pg_temp.cdc_whole ALTER COLUMN bytes SET STORAGE EXTERNAL, ALTER COLUMN words SET STORAGE EXTERNAL;
TRUNCATE pg_temp.cdc_piece, pg_temp.cdc_whole
