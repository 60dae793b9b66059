-- Purpose:    Where the next range of ids may begin.
-- Parameters: none.
-- Result:     the highest id of accounts, 0 where there is none.

SELECT coalesce(max(id), 0) FROM public.accounts;
