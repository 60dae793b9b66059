-- Purpose:    Schema cdc, version 10: records whose names are longer than an entry of an index may be.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     one more column of cdc.sync_state and cdc.recheck, and indexes of bounded size in the place of those that held
--             whole names: a key may fill an entry of its own table's index, and its parts are longer as they are encoded.
--             What is unique goes by a digest (convert_to and textsend depend on settings, so no column can be made with
--             them), what is looked up by a hash, and what is paged through by the name's beginning.
ALTER TABLE cdc.sync_state
    ADD COLUMN digest bytea GENERATED ALWAYS AS
        (sha256(decode(replace(entity_id, E'\\', E'\\\\'), 'escape'))) STORED;
DROP INDEX cdc.sync_state_live, cdc.sync_state_subsumed, cdc.sync_state_record, cdc.sync_state_page;
CREATE UNIQUE INDEX sync_state_live ON cdc.sync_state (entity, digest) WHERE status IN ('DEFERRED', 'OPEN');
CREATE INDEX sync_state_live_name ON cdc.sync_state USING hash (entity_id) WHERE status IN ('DEFERRED', 'OPEN');
CREATE INDEX sync_state_subsumed ON cdc.sync_state USING hash (entity_id) WHERE subsumed IS NOT NULL;
CREATE INDEX sync_state_record ON cdc.sync_state USING hash (entity_id);
CREATE INDEX sync_state_page ON cdc.sync_state (entity COLLATE "C", left(entity_id, 200) COLLATE "C", id)
    WHERE status = 'OPEN';

ALTER TABLE cdc.recheck DROP CONSTRAINT recheck_pkey;
ALTER TABLE cdc.recheck
    ADD COLUMN digest bytea GENERATED ALWAYS AS
        (sha256(decode(replace(entity_id, E'\\', E'\\\\'), 'escape'))) STORED,
    ADD PRIMARY KEY (entity, digest);
CREATE INDEX recheck_name ON cdc.recheck USING hash (entity_id);
