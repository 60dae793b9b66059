-- Purpose:    Schema cdc, version 13: rows can be updated and deleted beside a publication of all tables.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     one more column of cdc.recheck, its primary key, and another replica identity of cdc.changelog.
--
-- PostgreSQL refuses both in a published table whose rows have no name, or one with a generated column in it. Naming
-- the changelog's rows by all their columns costs nothing, unless wal_level is logical: then what is pruned stands in the
-- WAL once more. An index of their own would cost every write of every application.
ALTER TABLE cdc.changelog REPLICA IDENTITY FULL;
ALTER TABLE cdc.recheck
    DROP CONSTRAINT recheck_pkey,
    ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ADD UNIQUE (entity, digest);
