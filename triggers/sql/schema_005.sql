-- Purpose:    Schema cdc, version 5: snapshot files that are known, and what running an operation needs.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     the columns, table and sequence below.

ALTER TABLE cdc.backup_history
    ADD COLUMN detail    json,                  -- what else there is to say, by kind of operation
    ADD COLUMN runner    text,                  -- the process that runs it
    ADD COLUMN cancel_by text;                  -- who asked for its end; the runner looks now and then

-- One row for each snapshot file that is known, wherever it came from. What decides which are kept, and what
-- says whether anything has changed since. Used on MAIN.
CREATE TABLE cdc.snapshot (
    location     text NOT NULL,                 -- the folder or bucket
    name         text NOT NULL,                 -- of the file in it
    filepath     text NOT NULL,                 -- both, as people write it
    type         text NOT NULL CHECK (type IN ('FULL', 'EXPORT')),
    side         text NOT NULL DEFAULT 'MAIN' CHECK (side IN ('MAIN', 'BACKUP')),
    history_id   bigint,                        -- the operation that wrote it, as long as its entry is kept
    created_at   timestamptz NOT NULL,
    size_bytes   bigint NOT NULL,
    record_count bigint,
    sha256       text,
    verified_at  timestamptz,                   -- last read from end to end and found whole
    tested_at    timestamptz,                   -- last restored for trial
    test_status  text,
    fault        text,                          -- what was wrong with it when it was last looked at
    pinned_by    text,
    missing_at   timestamptz,                   -- when the file was first found to be gone
    mark         json,                          -- what the database was like; null: not known
    PRIMARY KEY (location, name)
);

-- Counts statements of our own transactions that changed rows, which no changelog has. A snapshot that was taken
-- since both this and the changelog's numbers last moved holds everything.
CREATE SEQUENCE cdc.own_writes;
