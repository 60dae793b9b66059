-- Purpose:    How a record stands, as one side knows it.
-- Parameters: $1 entity, $2 entity_id, $3 what the other side has applied of this one, text.
-- Result:     none or one row, see triggers/sql/record_state.sql.
SELECT state, since, detected_at, resolved_at, resolution, resolved_by FROM cdc.record_state($1, $2, $3)
