-- Purpose:    Schema cdc, version 6: who changed what over HTTP, and which requests were carried out already.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     the tables below, empty. Both are used on MAIN.

-- One row for each changing request, made before it is carried out; the newest ones are kept. A row without a
-- status is of a request whose process ended before it did.
CREATE TABLE cdc.audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    way        text NOT NULL,                   -- how they showed who they are: token, session
    client     text NOT NULL,                   -- their address
    method     text NOT NULL,
    path       text NOT NULL,
    body       json,                            -- what was asked for; null where it was nothing, or very long
    request_id text NOT NULL,                   -- also in the log
    status     int,
    result     text,                            -- done, accepted, or the code of the problem
    detail     text                             -- the problem's words, or where the outcome is found
);

-- Requests that came with an Idempotency-Key, and the operation that each began; a day long.
CREATE TABLE cdc.idempotency (
    actor      text NOT NULL,
    key        text NOT NULL,
    request    text NOT NULL,                   -- digest of what was asked for
    operation  bigint,                          -- null: it is being begun
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_at ON cdc.idempotency (at);
