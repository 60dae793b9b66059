-- Purpose:    For a table without a key: which row contents are not equally often on both sides, and by how many.
-- Parameters: {difference} where they are kept, made already; {fields}, {table} this side's hashes; {other} the other side's.
-- Result:     none.
INSERT INTO {difference}
SELECT hash, greatest(coalesce(h.rows, 0) - coalesce(o.rows, 0), 0) AS here,
       greatest(coalesce(o.rows, 0) - coalesce(h.rows, 0), 0) AS other
FROM (SELECT x.hash, count(*) AS rows FROM (SELECT {fields} FROM {table} AS t) AS x GROUP BY x.hash) AS h
FULL JOIN (SELECT x.hash, count(*) AS rows FROM {other} AS x GROUP BY x.hash) AS o USING (hash)
WHERE h.rows IS DISTINCT FROM o.rows
