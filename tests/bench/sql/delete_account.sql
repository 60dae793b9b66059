-- Purpose:    Delete one account that no order refers to.
-- Parameters: $1 id.
-- Result:     one row gone.

DELETE FROM public.accounts WHERE id = $1;
