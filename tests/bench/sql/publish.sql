-- Purpose:    Offer both tables to logical replication.
-- Parameters: none.
-- Result:     publication bench.

CREATE PUBLICATION bench FOR TABLE public.accounts, public.orders;
