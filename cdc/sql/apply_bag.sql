-- Purpose:    Apply a batch's changes of a table that has no usable key: its rows are a multiset, so each change takes
--             one copy of the old row away and adds one of the new. A copy that is not there is nobody's conflict; one that
--             is put off is not to come any more.
-- Parameters: $1 to $4 belong to {batch}; $5 deletes, $6 writes: what to carry out; $7 entity. {single}: that rows t and
--             n.after have the same unique values. {entries}: id, before and after of live entries.
-- Result:     one row: total, outgoing, incoming (whether each foreign key is to be checked), nulls.
WITH batch AS MATERIALIZED (
    SELECT b.old::{image} AS o, b.new::{image} AS n, b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), copy AS (
    SELECT -1 AS copies, b.o AS after FROM batch b WHERE b.has_o
    UNION ALL
    SELECT 1, b.n FROM batch b WHERE b.has_n
), net AS MATERIALIZED (
    SELECT {after}::text AS content, sum(n.copies) AS copies, (array_agg(n.after))[1] AS after
    FROM copy n GROUP BY {after}::text HAVING sum(n.copies) <> 0
), kept AS MATERIALIZED (
    -- By the texts as they came: the target may be unable to take values that are refused.
    SELECT e.id, CASE WHEN e.before::text IN (SELECT b.n::text FROM batch b WHERE b.has_n) THEN e.before END AS before,
           CASE WHEN e.after::text IN (SELECT b.o::text FROM batch b WHERE b.has_o) THEN e.after END AS after
    FROM ({entries}) e
), entry AS MATERIALIZED (
    SELECT n.id, {after}::text AS content, row_number() OVER (PARTITION BY {after}::text ORDER BY n.id) AS nth
    FROM kept n WHERE $5::boolean AND n.after IS DISTINCT FROM NULL
), going AS MATERIALIZED (
    SELECT {after}::text AS content FROM (SELECT k.before AS after FROM kept k WHERE k.before IS DISTINCT FROM NULL) n
), ended AS (
    UPDATE cdc.sync_state s
    SET incoming = NULL, version = s.version + 1, updated_at = clock_timestamp(),
        next_try_at = CASE WHEN s.next_try_at IS NOT NULL THEN clock_timestamp() END
    FROM entry e JOIN net n ON n.content = e.content AND e.nth <= -n.copies
    WHERE s.id = e.id
    RETURNING e.content
), victim AS MATERIALIZED (
    SELECT t.ctid AS place, t.tableoid AS part, {current}::text AS content,
           row_number() OVER (PARTITION BY {current}::text) AS nth
    FROM {table} t WHERE {current}::text IN (SELECT content FROM net WHERE copies < 0)
), gone AS (
    DELETE FROM {table} t USING victim v, net n
    WHERE $5::boolean AND n.content = v.content AND t.ctid = v.place AND t.tableoid = v.part
      AND v.nth <= -n.copies - (SELECT count(*) FROM ended e WHERE e.content = n.content)
    RETURNING 1
), added AS (
    INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE
    SELECT {values} FROM net n, generate_series(1, n.copies)
    -- Afterwards: it may take a unique value that a delete gives up.
    WHERE $6::boolean AND (SELECT count(*) FROM gone) >= 0
      -- Both sides wrote the same row, and neither can hold a second one. One that is still to go is another.
      AND (n.content IN (SELECT g.content FROM going g)
           OR NOT EXISTS (SELECT FROM {table} t WHERE ({single}) AND {current}::text = n.content))
)
SELECT count(*) AS total, {outgoing} AS outgoing, {incoming} AS incoming,
       NULL::text AS act, $7::text AS entity_id, NULL::text AS before, NULL::text AS after
FROM net
