-- Purpose:    The benchmark's tables, in an empty database.
-- Parameters: none.
-- Result:     accounts (about 300 bytes a row) and orders that refer to it; no rows.

CREATE TABLE public.accounts (
    id         bigint PRIMARY KEY,
    owner      text NOT NULL,
    balance    numeric(12, 2) NOT NULL,
    profile    jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE public.orders (
    id         text PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES public.accounts (id),
    total      numeric(12, 2) NOT NULL,
    placed_at  timestamptz NOT NULL
);
CREATE INDEX ON public.orders (account_id);
