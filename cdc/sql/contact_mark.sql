-- Purpose:    Say how far first contact is in this database.
-- Parameters: $1 first_contact; $2 note (json text or null).
-- Result:     none.
UPDATE cdc.node SET first_contact = $1, first_contact_note = $2::text::json
