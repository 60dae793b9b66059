-- Purpose:    The last number that a sequence has given.
-- Parameters: $1 its quoted and qualified name.
-- Result:     one number; null where it has given none, there is no such sequence, or this role may not read it.
SELECT pg_sequence_last_value(s.oid)
FROM pg_class s
WHERE s.oid = to_regclass($1) AND s.relkind = 'S' AND has_sequence_privilege(s.oid, 'USAGE')
