-- Purpose:    Keys to be compared on both sides.
-- Parameters: $1 most rows wanted; $2 tables to leave out, text[]; $3 bytes of images after which no more are wanted.
-- Result:     entity, entity_id, here_seen, here_image, there_seen, there_image, total (keys there are, these and others);
--             the longest waiting first.
SELECT entity, entity_id, reason, here_seen::text AS here_seen, here_image, there_seen::text AS there_seen, there_image,
       total
FROM (
    SELECT r.*, row_number() OVER place AS n, count(*) OVER () AS total,
           sum(size) OVER place - size AS bytes_before
    FROM (SELECT *, coalesce(octet_length(here_image), 0) + coalesce(octet_length(there_image), 0) AS size
          FROM cdc.recheck WHERE entity <> ALL ($2::text[])) r
    WINDOW place AS (ORDER BY compared, added_at, entity, entity_id)
) r
WHERE n <= $1 AND bytes_before < $3
ORDER BY n
