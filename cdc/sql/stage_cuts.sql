-- Purpose:    Where to cut the staged changes into batches of bounded rows and bytes.
-- Parameters: $1 most rows, $2 most bytes of images (one row may exceed them).
-- Result:     per batch, in order: hi (its last sequence number), changes, last_at (when its last was written).
SELECT max(p.seq) AS hi, count(*) AS changes, max(p.at) AS last_at
FROM (
    SELECT s.seq, s.at, greatest((row_number() OVER w - 1) / $1::bigint,
           (sum(coalesce(octet_length(s.old), 0) + coalesce(octet_length(s.new), 0)) OVER w / $2::bigint)::bigint) AS cut
    FROM pg_temp.cdc_stage s WINDOW w AS (ORDER BY s.seq)
) p
GROUP BY p.cut ORDER BY p.cut
