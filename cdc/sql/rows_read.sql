-- Purpose:    Read rows by their keys, as a whole and as the columns both sides have.
-- Parameters: $1 images with the keys, text[]; $2 bytes of rows after which no more are wanted.
-- Result:     per key read n (the place in $1, from 1), seen (what was visible), current (all columns) and common (the
--             columns compared), as row texts, null where there is no such row.
WITH wanted AS MATERIALIZED (
    SELECT x.n, {key_of_after}
    FROM (SELECT u.image::{image} AS after, u.n FROM unnest($1::text[]) WITH ORDINALITY AS u (image, n) OFFSET 0) x
), found AS (
    SELECT n.n, r.current, r.common,
           sum(coalesce(octet_length(r.current), 0)) OVER (ORDER BY n.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
           AS bytes_before
    FROM wanted n
    LEFT JOIN LATERAL (
        SELECT {target_row} AS current, {current} AS common FROM {table} t WHERE {match} OFFSET 0
    ) r ON true
)
SELECT n, pg_current_snapshot()::text AS seen, current, common FROM found
WHERE coalesce(bytes_before, 0) < $2
ORDER BY n
