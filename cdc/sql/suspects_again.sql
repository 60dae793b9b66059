-- Purpose:    The suspects that are not the same on both sides at another look either; those that neither side has
--             changed since the look before stand.
-- Parameters: {next} where they are kept, made already; {keys} of d; {suspects} of the look before; {reading}; {other} the other side's;
--             {here_meets} h and d; {other_meets} o and d.
-- Result:     none.
INSERT INTO {next}
SELECT {keys}, h.value AS here, o.value AS other,
       h.value IS NOT DISTINCT FROM d.here AND o.value IS NOT DISTINCT FROM d.other AS stands
FROM {suspects} AS d
LEFT JOIN ({reading}) AS h ON {here_meets}
LEFT JOIN {other} AS o ON {other_meets}
WHERE h.value IS DISTINCT FROM o.value
