-- Purpose:    Whether a table was dropped, when an error says that there is no table of some name.
-- Parameters: $1 the table's oid.
-- Result:     one boolean.
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = $1)
