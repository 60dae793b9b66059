-- Purpose:    Schema cdc, version 1: everything the service keeps inside a database.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     the tables below, empty, and one row in cdc.node and cdc.schema_version.

CREATE SCHEMA cdc;

CREATE TABLE cdc.schema_version (
    version      int PRIMARY KEY,
    installed_at timestamptz NOT NULL DEFAULT now()
);

-- Identity of this database's history. One row. `epoch` of design terms is token + system identifier +
-- timeline + database oid; the last three are read live and compared with what is stored here.
CREATE TABLE cdc.node (
    singleton         boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    token             uuid NOT NULL DEFAULT gen_random_uuid(),
    side              text NOT NULL CHECK (side IN ('MAIN', 'BACKUP')),
    first_contact     text NOT NULL DEFAULT 'pending'
                      CHECK (first_contact IN ('pending', 'copying', 'choose', 'done')),
    first_contact_note json,                    -- differing tables and counts while 'choose'
    pruned_through    pg_snapshot,              -- changes visible in it may be gone from the changelog
    consumed_through  pg_snapshot,              -- what the other side has applied, as last reported here
    flushes           bigint NOT NULL DEFAULT 0 -- bumped to force a WAL flush of asynchronous commits
) WITH (fillfactor = 50);

-- One row for each table whose changes are captured. Partitions are attributed to their root.
CREATE TABLE cdc.captured_table (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relid       oid NOT NULL UNIQUE,
    schema_name text NOT NULL,
    table_name  text NOT NULL,
    key_columns text[] NOT NULL,                -- empty: no usable key, the whole row identifies it
    captured_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (schema_name, table_name)
);

-- What was committed here and is to be applied on the other side. Insert-only; pruned in small batches.
CREATE TABLE cdc.changelog (
    seq      bigint GENERATED ALWAYS AS IDENTITY,
    txid     xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    table_id int NOT NULL,
    op       "char" NOT NULL,                   -- I, U, D, T (truncate), K (row too large: its key alone)
    columns  text[],                            -- names of the images' fields, in order; K: of the key's
    old      text,                              -- the row before, as its record text; null for I and T
    new      text,                              -- the row after, as its record text; null for D and T; K: its key's
    seen     pg_snapshot                        -- T only: what this side had applied of the other's changes
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX changelog_txid_seq ON cdc.changelog (txid, seq);

-- What this database, as a target, has applied of the source. entity '' is the link itself; a table that is
-- held (copying, or waiting for its schema) has a row of its own, so that nothing it still needs is pruned.
CREATE TABLE cdc.position (
    source          text NOT NULL CHECK (source IN ('MAIN', 'BACKUP')),
    entity          text NOT NULL DEFAULT '',
    epoch           text NOT NULL,              -- the source's epoch these snapshots belong to
    seen            pg_snapshot NOT NULL,       -- everything visible in it has been applied
    window_to       pg_snapshot,                -- set while a large window is applied in pages:
    last_seq        bigint,                     -- changes of (seen, window_to] up to this seq are applied too
    state           text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'copying', 'held')),
    reason          text,
    applied_total   bigint NOT NULL DEFAULT 0,
    last_applied_at timestamptz,
    PRIMARY KEY (source, entity)
) WITH (fillfactor = 50);

-- Changes that could not simply be applied here: conflicts, and rows put off because they were locked or
-- wait for another row (DEFERRED). The images are maps of column name to the value's text.
CREATE TABLE cdc.sync_state (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text NOT NULL CHECK (source IN ('MAIN', 'BACKUP')),
    entity          text NOT NULL,
    entity_id       text NOT NULL,
    type            text NOT NULL,
    status          text NOT NULL CHECK (status IN ('DEFERRED', 'OPEN', 'RESOLVED', 'CONVERGED')),
    constraint_name text,
    error           text,
    base            json,                       -- the source's row before the first change that met the conflict
    incoming        json,                       -- the source's row now; null: deleted there
    current         json,                       -- this database's row when last looked at; null: not here
    detected_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at     timestamptz,
    resolution      text CHECK (resolution IN ('MAIN', 'BACKUP', 'MERGE')),
    resolved_by     text,
    reason          text,
    version         int NOT NULL DEFAULT 1,     -- rises with every refresh
    tries           int NOT NULL DEFAULT 0,
    next_try_at     timestamptz,
    subsumed        pg_snapshot                 -- RESOLVED: the source's changes visible in it are settled
);
CREATE UNIQUE INDEX sync_state_live ON cdc.sync_state (entity, entity_id) WHERE status IN ('DEFERRED', 'OPEN');
CREATE INDEX sync_state_retry ON cdc.sync_state (next_try_at) WHERE status = 'DEFERRED';
CREATE INDEX sync_state_subsumed ON cdc.sync_state (entity, entity_id) WHERE subsumed IS NOT NULL;
CREATE INDEX sync_state_record ON cdc.sync_state (entity, entity_id, id);

-- Keys whose two rows must be compared once both links have passed the point where each was met.
CREATE TABLE cdc.recheck (
    entity        text NOT NULL,
    entity_id     text NOT NULL,
    reason        text NOT NULL,
    added_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    here_seen     pg_snapshot NOT NULL,         -- this database when the key was met
    here_image    text,                         -- set by the first comparison that found a difference
    there_seen    pg_snapshot,
    there_image   text,
    compared      int NOT NULL DEFAULT 0,
    PRIMARY KEY (entity, entity_id)
);

-- Pauses, policies and the choice of tables. Used on MAIN.
CREATE TABLE cdc.backup_config (
    key        text PRIMARY KEY,
    value      json NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text
);

-- Every backup operation. Used on MAIN.
CREATE TABLE cdc.backup_history (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type         text NOT NULL CHECK (type IN ('FULL', 'EXPORT', 'RESTORE', 'INITIAL_COPY', 'VERIFY')),
    status       text NOT NULL CHECK (status IN
                     ('RUNNING', 'COMPLETED', 'UNCHANGED', 'FAILED', 'INTERRUPTED', 'NOT_TESTABLE')),
    record_count bigint,
    duration_ms  bigint,
    size_bytes   bigint,
    filepath     text,
    sha256       text,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at  timestamptz,
    error        text,
    actor        text,
    progress     json
);
CREATE INDEX backup_history_started ON cdc.backup_history (started_at DESC);
