-- Purpose:    Apply one table's changes of a batch to the target where its rows are what the source's rows were.
--             Reduces the batch to the net change per key, locks and compares each row in key order, writes.
-- Parameters: $1 to $4 belong to {batch}; $5 deletes, $6 writes: which kinds of net change to carry out,
--             booleans; $7 entity.
--             {image}: row type the images are cast to; {batch}: rows b (seq, txid, old, new);
--             {keys}, {key_of_b}, {same_key}, {match}, {entity_id}, {target_entity_id}: the key's columns;
--             {table}, {columns}, {settings}, {values}, {current}, {before}: the target and what is compared;
--             {fits}: whether the target's row can have a text at all; {settable}: whether any column can be set;
--             {absent}, {unless_there}: that no row is there yet;
--             {held}, {subsumed}: whether a live conflict holds the key, whether a decision settled the change;
--             {outgoing}, {incoming}: per foreign key, whether the batch gives reason to check it.
-- Result:     one row per net change that was NOT carried out (act, entity_id, both images), each with the
--             batch's totals; one row with a null act when all were.
WITH batch AS MATERIALIZED (
    SELECT b.seq, b.txid, b.old::{image} AS o, b.new::{image} AS n,
           b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), event AS (
    SELECT b.seq, b.txid, p.part, {key_of_b},
           CASE WHEN p.part = 0 THEN b.o END AS before,
           CASE WHEN p.part = 1 OR NOT b.moved THEN b.n END AS after,
           b.has_o AND p.part = 0 AS has_before,
           b.has_n AND (p.part = 1 OR NOT b.moved) AS has_after
    FROM (SELECT *, has_o AND has_n AND NOT ({same_key}) AS moved FROM batch) b
    JOIN (VALUES (0), (1)) AS p (part) ON p.part = 0 OR b.moved
), linked AS (
    SELECT e.*, row_number() OVER step AS step,
           lag(after) OVER step AS previous, lag(has_after) OVER step AS had_previous
    FROM event e
    WHERE NOT {subsumed}
    WINDOW step AS (PARTITION BY {keys} ORDER BY seq, part)
), chain AS (
    SELECT l.*, count(*) OVER whole AS steps,
           first_value(before) OVER step AS origin, first_value(has_before) OVER step AS has_origin,
           bool_or(step > 1 AND (had_previous <> has_before OR (has_before AND NOT previous *= before)))
               OVER whole AS broken
    FROM linked l
    WINDOW whole AS (PARTITION BY {keys}), step AS (PARTITION BY {keys} ORDER BY seq, part)
), net AS MATERIALIZED (
    SELECT n.*,
           CASE WHEN broken THEN 'B' WHEN {held} THEN 'H'
                WHEN NOT has_after THEN 'D' WHEN has_origin THEN 'U' ELSE 'I' END AS act
    FROM (SELECT *, {entity_id} AS entity_id FROM chain WHERE step = steps) n
    WHERE (broken OR CASE WHEN has_origin AND has_after THEN NOT origin *= after ELSE has_origin OR has_after END)
      AND CASE WHEN broken OR has_after THEN $6::boolean ELSE $5::boolean END
), del AS (
    DELETE FROM {table} t USING net n
    WHERE n.act = 'D' AND {match} AND ({current} *= {before} OR {fits} AND {current}::text = {before}::text)
    RETURNING n.entity_id
), upd AS (
    UPDATE {table} t SET {settings} FROM net n
    WHERE {settable} AND n.act = 'U' AND {match} AND ({current} *= {before} OR {fits} AND {current}::text = {before}::text)
    RETURNING n.entity_id
), ins AS (
    INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE
    SELECT {values} FROM net n WHERE n.act = 'I' AND {absent}
    {unless_there}
    RETURNING {target_entity_id} AS entity_id
), done AS (
    -- One after the other, in this order: an insert may take a unique value that a delete gave up.
    SELECT entity_id FROM del UNION ALL SELECT entity_id FROM upd UNION ALL SELECT entity_id FROM ins
), total AS (
    SELECT count(*) AS total, {outgoing} AS outgoing, {incoming} AS incoming FROM net n
)
SELECT s.total, s.outgoing, s.incoming, r.act, r.entity_id, r.before, r.after
FROM total s
LEFT JOIN (
    SELECT n.act, n.entity_id,
           CASE WHEN n.has_origin THEN n.origin::text END AS before,
           CASE WHEN n.has_after THEN n.after::text END AS after
    FROM net n
    WHERE n.entity_id NOT IN (SELECT entity_id FROM done)
) r ON true
