-- Purpose:    Tables whose rows lie in the order in which COPY brought them: made in this transaction, in one file.
-- Parameters: $1 oids.
-- Result:     relid of each.
SELECT c.oid AS relid
FROM pg_class c
JOIN pg_am a ON a.oid = c.relam
WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'r' AND a.amname = 'heap'
