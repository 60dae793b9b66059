-- Purpose:    Find a row written by a batch that collides with another under a constraint which nobody has checked.
-- Parameters: $1 to $4 belong to {batch}; {elements}: the constraint's expressions over t, as u0, u1, ...;
--             {collides}: the same over t against a.u0, a.u1, ...; {predicate}: the rows the constraint is about.
-- Result:     one row when there is one: the value.
WITH batch AS MATERIALIZED (
    SELECT b.new::{image} AS after FROM {batch} WHERE b.new IS NOT NULL
), touched AS MATERIALIZED (
    SELECT DISTINCT {key_of_after} FROM batch x
)
SELECT {value} AS value
FROM touched n
CROSS JOIN LATERAL (
    SELECT t.ctid AS place, t.tableoid AS part, {elements} FROM {table} t WHERE {match} AND {predicate}
) a
CROSS JOIN LATERAL (
    SELECT t.ctid AS place, t.tableoid AS part FROM {table} t WHERE {collides} AND {predicate}
) b
WHERE b.place <> a.place OR b.part <> a.part
LIMIT 1
