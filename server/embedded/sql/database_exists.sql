-- Purpose: whether the cluster holds a database.
-- Parameters: $1 its name.
-- Result: one boolean.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)
