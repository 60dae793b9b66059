-- Purpose:    How far first contact is in this database.
-- Parameters: none.
-- Result:     one row: first_contact, note (json text or null).
SELECT n.first_contact, n.first_contact_note::text AS note FROM cdc.node n
