-- Purpose:    Change one account, as an application does.
-- Parameters: $1 id, $2 mark to be found again on the other side.
-- Result:     one row changed.

UPDATE public.accounts
SET balance = balance + 1,
    profile = profile || jsonb_build_object('mark', $2::text),
    updated_at = clock_timestamp()
WHERE id = $1;
