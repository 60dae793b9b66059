-- Purpose:    pgbench's script: one-row updates all over the table.
-- Parameters: :rows, how many accounts there are.
-- Result:     one row changed per transaction.
\set id random(1, :rows)
UPDATE public.accounts SET balance = balance + 1, updated_at = clock_timestamp() WHERE id = :id;
