-- Purpose:    The table that a page of a large window is brought to before it is applied, private to this session.
-- Parameters: none.
-- Result:     none; an existing one is emptied.
CREATE TEMP TABLE IF NOT EXISTS cdc_stage (
    seq bigint, txid xid8, at timestamptz, table_id int, op "char", columns text[], old text, new text
);
TRUNCATE pg_temp.cdc_stage
