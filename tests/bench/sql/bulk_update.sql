-- Purpose:    Update a range of accounts in one statement.
-- Parameters: $1 first id, $2 last id.
-- Result:     the rows changed.

UPDATE public.accounts SET balance = balance + 1, updated_at = clock_timestamp() WHERE id BETWEEN $1 AND $2;
