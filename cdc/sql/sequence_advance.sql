-- Purpose:    Move a sequence past the values that a batch's inserts brought along, so that this side can insert
--             too. Forward only, in the sequence's own steps: an odd one stays odd.
-- Parameters: $1 to $4 belong to {batch}; $5 the sequence, quoted and qualified.
-- Result:     the number of steps.
WITH high AS (
    SELECT max(((b.new::{image}).{field})::numeric) AS value FROM {batch} WHERE b.old IS NULL AND b.new IS NOT NULL
), now AS (
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE s.last_value - q.seqincrement END AS value,
           q.seqincrement AS step, q.seqcache AS held
    FROM {sequence} s, pg_sequence q WHERE q.seqrelid = $5::text::regclass
), gap AS MATERIALIZED (
    SELECT now.value + ceil((high.value - now.value) / now.step) * now.step AS target,
           ceil((high.value - now.value) / now.step) AS steps, now.held
    FROM high, now WHERE high.value > now.value
)
-- nextval can only go forward, whoever else draws at the same time. Only a leap is set outright. Numbers that this very
-- session holds in advance (CACHE) come first, and do not move the sequence.
SELECT (SELECT count(nextval($5::text::regclass))
        FROM gap, generate_series(1, gap.steps + gap.held - 1) WHERE gap.steps <= 100000)
     + (SELECT count(setval($5::text::regclass, gap.target::bigint)) FROM gap WHERE gap.steps > 100000)
