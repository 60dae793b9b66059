-- Purpose:    Whether the ends of a backlog are here: its last insert, its last update, its last delete.
-- Parameters: $1 id last inserted, $2 id last updated, $3 that update's mark, $4 id last deleted.
-- Result:     two booleans: everything is here; something is.

SELECT coalesce(inserted AND updated AND deleted, false) AS everything, first_inserted AS something
FROM (
    SELECT EXISTS (SELECT FROM public.accounts WHERE id = $1) AS inserted,
           EXISTS (SELECT FROM public.accounts WHERE id = $2 AND profile ->> 'mark' = $3) AS updated,
           NOT EXISTS (SELECT FROM public.accounts WHERE id = $4) AS deleted,
           EXISTS (SELECT FROM public.accounts WHERE id = $4 + 1) AS first_inserted
) AS seen;
