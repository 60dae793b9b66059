-- Purpose:    How the images of a table's live entries name its columns.
-- Parameters: $1 entity.
-- Result:     one row per way: own (images of this side's own rows, else of the other side's), columns (json text of
--             their names in their order).
SELECT DISTINCT i.own, l.columns
FROM cdc.sync_state s
CROSS JOIN LATERAL (VALUES (false, s.base), (false, s.incoming), (true, s.current)) i (own, image)
CROSS JOIN LATERAL (
    SELECT json_agg(k.name ORDER BY k.place)::text AS columns
    FROM json_object_keys(CASE WHEN json_typeof(i.image) = 'object' THEN i.image END) WITH ORDINALITY k (name, place)
) l
WHERE s.entity = $1 AND s.status IN ('DEFERRED', 'OPEN') AND l.columns IS NOT NULL
