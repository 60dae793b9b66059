-- Purpose:    Tell whether a database holds nothing of anyone's, so that the demo may furnish it.
-- Parameters: none.
-- Result:     one boolean; schema cdc is ours and does not count.

SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'cdc')
      AND n.nspname NOT LIKE 'pg\_temp\_%'
);
