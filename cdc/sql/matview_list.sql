-- Purpose:    Materialized views that can be read, in an order in which they can be filled.
-- Parameters: $1 schemas, text[].
-- Result:     schema_name, view_name; by oid, because a view can only use older ones.
SELECT n.nspname AS schema_name, c.relname AS view_name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]::name[]) AND c.relkind = 'm' AND c.relispopulated
ORDER BY c.oid
