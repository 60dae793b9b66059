-- Purpose:    Take a range of accounts away again, outside the measurement.
-- Parameters: $1 first id, $2 last id.
-- Result:     the rows gone.

DELETE FROM public.accounts WHERE id BETWEEN $1 AND $2;
