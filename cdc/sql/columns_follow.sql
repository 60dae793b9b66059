-- Purpose:    Have the images of a table's live entries name its columns as they are called now.
-- Parameters: $1 entity; one element per way in which columns are named, of columns_kept.sql: $2 own boolean[],
--             $3 columns text[], $4 what becomes of them: json texts of pairs (name, place among the columns) text[];
--             $5 names that are not the columns' of before any more, text[]: nothing is added to summed ones by them.
-- Result:     none. Whoever looked at an entry has to look again; what is to be tried again is tried at once.
WITH ways AS (
    SELECT * FROM unnest($2::boolean[], $3::text[], $4::text[]) AS w (own, columns, pairs)
), named AS (
    SELECT e.id,
           max(i.image) FILTER (WHERE k.kind = 'base') AS base,
           max(i.image) FILTER (WHERE k.kind = 'incoming') AS incoming,
           max(i.image) FILTER (WHERE k.kind = 'current') AS current
    FROM cdc.sync_state e
    CROSS JOIN LATERAL (
        VALUES ('base', false, e.base), ('incoming', false, e.incoming), ('current', true, e.current)
    ) k (kind, own, image)
    CROSS JOIN LATERAL (
        SELECT json_agg(x.name ORDER BY x.place)::text AS columns
        FROM json_object_keys(CASE WHEN json_typeof(k.image) = 'object' THEN k.image END)
             WITH ORDINALITY x (name, place)
    ) l
    JOIN ways w ON w.own = k.own AND w.columns = l.columns
    CROSS JOIN LATERAL (
        SELECT '{' || string_agg(
                   (p.pair -> 0)::text || ': ' || coalesce(to_json(v.value)::text, 'null'), ', ' ORDER BY p.place
               ) || '}' AS image
        FROM json_array_elements(w.pairs::json) WITH ORDINALITY p (pair, place)
        JOIN json_each_text(k.image) WITH ORDINALITY v (name, value, place) ON v.place = (p.pair ->> 1)::bigint
    ) i
    WHERE e.entity = $1 AND e.status IN ('DEFERRED', 'OPEN')
    GROUP BY e.id
)
UPDATE cdc.sync_state s
SET base = coalesce(n.base::json, s.base), incoming = coalesce(n.incoming::json, s.incoming),
    current = coalesce(n.current::json, s.current),
    reached = CASE WHEN s.reached IS NOT NULL THEN (
        SELECT '{' || coalesce(string_agg(
                   to_json(r.key)::text || ': ' || coalesce(to_json(r.value)::text, 'null'), ', '
               ), '') || '}'
        FROM json_each_text(s.reached) r WHERE r.key <> ALL ($5::text[])
    )::json END,
    tries = CASE WHEN s.next_try_at IS NULL THEN s.tries ELSE 0 END,
    next_try_at = CASE WHEN s.next_try_at IS NOT NULL THEN clock_timestamp() END,
    version = s.version + 1, updated_at = clock_timestamp()
FROM named n WHERE s.id = n.id
