-- Purpose:    A row that cannot be read as text, because it would be larger than PostgreSQL makes texts.
-- Parameters: {table}; {row_id} of t, as people know it; {fits}: whether the row's text can be made.
-- Result:     row_id; none where there is no such row.
SELECT {row_id} AS row_id FROM {table} AS t WHERE NOT ({fits}) LIMIT 1
