-- Purpose:    Lock and read rows by their keys, waiting for nobody.
-- Parameters: $1 images with the keys, text[].
-- Result:     n (the place in $1, from 1), locked, current (all columns) and common (the columns compared), as row
--             texts, short (whether large values are left out of them). A key with no row gives none, one whose row somebody else holds locked = false only.
WITH wanted AS MATERIALIZED (
    SELECT x.n, {key_of_after}
    FROM (SELECT u.image::{image} AS after, u.n FROM unnest($1::text[]) WITH ORDINALITY AS u (image, n) OFFSET 0) x
), held AS MATERIALIZED (
    SELECT n.n, {target_row} AS current, {current} AS common, {short} AS short
    FROM wanted n JOIN {table} t ON {match}
    FOR UPDATE OF t SKIP LOCKED
)
SELECT n, true AS locked, current, common, short FROM held
UNION ALL
SELECT n.n, false, NULL, NULL, NULL FROM wanted n JOIN {table} t ON {match} WHERE n.n NOT IN (SELECT h.n FROM held h)
