-- Purpose:    Tables that hold their rows themselves.
-- Parameters: $1 oids.
-- Result:     relid of each.
SELECT c.oid AS relid FROM pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'r'
