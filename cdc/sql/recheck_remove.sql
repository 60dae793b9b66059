-- Purpose:    Take keys off the list, unless they were put there anew meanwhile.
-- Parameters: $1 entity; one element per key: $2 entity ids text[], $3 here_seen as read text[].
-- Result:     none. The form leaves one plan: each key is looked up by itself.
DELETE FROM cdc.recheck r
USING (SELECT $1::text AS entity, u.* FROM unnest($2::text[], $3::text[]) AS u (entity_id, here_seen) OFFSET 0) x
WHERE r.entity = ANY (ARRAY[x.entity]) AND r.entity_id = ANY (ARRAY[x.entity_id]) AND r.here_seen::text = ANY (ARRAY[x.here_seen])
