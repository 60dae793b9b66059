-- Purpose:    Schema cdc, version 2: what tables looked like when both sides were last known to agree.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     the table below, empty.

-- A column that was added, retyped or replaced since then has values that no change carried over, so the rows
-- are compared once both sides have it. Also tells what a renamed column was called. Used on MAIN; the row with
-- entity '' says that definitions are kept, so a table without a row is new.
CREATE TABLE cdc.definition (
    entity   text PRIMARY KEY,
    known    json NOT NULL,                     -- by side: columns (number, type, version), storage, partitions
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
