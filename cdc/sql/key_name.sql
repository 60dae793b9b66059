-- Purpose:    The name that a row goes by among conflicts, whichever way its key was printed by who asks.
-- Parameters: $1 the key's texts in the key's order, text[].
-- Result:     entity_id.
SELECT {entity_id} AS entity_id FROM (SELECT {key_of_texts}) n
