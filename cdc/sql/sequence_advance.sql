-- Purpose:    Move a sequence past numbers that came from the other side, so that this side can give others. Forward
--             only, in the sequence's own steps: an odd one stays odd, and one that counts down goes down.
-- Parameters: {given} a query whose column `number` holds them as texts, its parameters with it; {sequence} its name.
-- Result:     the number of steps.
WITH own AS (
    SELECT q.seqrelid::regclass AS name, sign(q.seqincrement::numeric) AS way, abs(q.seqincrement)::numeric AS step,
           q.seqcache AS held, q.seqmin, q.seqmax,
           CASE WHEN s.is_called THEN s.last_value ELSE s.last_value - q.seqincrement::numeric END AS value
    FROM {sequence} s JOIN pg_sequence q ON q.seqrelid = s.tableoid
), given AS (
    -- NaN, and texts that are no numbers, were given by nobody's sequence, nor was what numeric has no room for.
    SELECT CASE WHEN g.number ~ '^-?[0-9]{1,40}(\.[0-9]{1,40})?(e\+[0-9]{1,2})? *$' THEN g.number::numeric END AS number
    FROM ({given}) g
), high AS (
    -- Nor were numbers beyond its end, which it will not give either.
    SELECT max(g.number * o.way) AS value FROM given g, own o WHERE g.number BETWEEN o.seqmin AND o.seqmax
), gap AS MATERIALIZED (
    SELECT o.name, o.way, o.step, o.held, o.value, e.room,
           least(ceil((h.value - o.value * o.way) / o.step), e.room) AS steps
    FROM own o CROSS JOIN high h CROSS JOIN LATERAL (
        SELECT floor((CASE WHEN o.way > 0 THEN o.seqmax - o.value ELSE o.value - o.seqmin END) / o.step) AS room) e
    WHERE h.value > o.value * o.way AND e.room > 0
)
-- nextval can only go forward, whoever else draws at the same time. Only a leap is set outright, or the way to the
-- end: numbers that this very session holds in advance (CACHE) come first, and do not move the sequence.
SELECT (SELECT count(nextval(g.name)) FROM gap g, generate_series(1, g.steps + g.held - 1)
        WHERE g.steps <= 100000 AND g.steps + g.held - 1 <= g.room)
     + (SELECT count(setval(g.name, (g.value + g.steps * g.step * g.way)::bigint)) FROM gap g
        WHERE g.steps > 100000 OR g.steps + g.held - 1 > g.room)
