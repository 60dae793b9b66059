-- Purpose:    The keys whose rows are not equal on both sides, and how: h only here, o only on the other side, b both.
-- Parameters: {difference} where they are kept, made already; {either} keys of h or o; {fields}, {table} this side's; {other} the other
--             side's keys and hashes; {keys_meet} h and o.
-- Result:     none.
INSERT INTO {difference}
SELECT {either}, (CASE WHEN h.hash IS NULL THEN 'o' WHEN o.hash IS NULL THEN 'h' ELSE 'b' END)::"char" AS kind
FROM (SELECT {fields} FROM {table} AS t) AS h
FULL JOIN {other} AS o ON {keys_meet}
WHERE h.hash IS DISTINCT FROM o.hash
