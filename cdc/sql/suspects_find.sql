-- Purpose:    What is not the same on both sides at a first look; some of it is merely under way.
-- Parameters: {suspects} where it is kept, made already; {either} keys of h or o; {reading}; {other} the other side's; {meet} h and o.
-- Result:     none.
INSERT INTO {suspects}
SELECT {either}, h.value AS here, o.value AS other, false AS stands
FROM ({reading}) AS h
FULL JOIN {other} AS o ON {meet}
WHERE h.value IS DISTINCT FROM o.value
