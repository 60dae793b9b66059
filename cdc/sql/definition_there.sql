-- Purpose:    Which tables are still there, in whatever schema.
-- Parameters: $1 their oids, bigint[].
-- Result:     one row per table that is: oid.
SELECT c.oid::bigint AS oid FROM pg_class c WHERE c.oid = ANY ($1::bigint[]::oid[])
