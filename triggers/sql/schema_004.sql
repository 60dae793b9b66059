-- Purpose:    Schema cdc, version 4: what deciding on conflicts keeps.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     more columns of cdc.sync_state, null or false in what is there, and two indexes.

ALTER TABLE cdc.sync_state
    ADD COLUMN related    json,                           -- records that stand in the way: side, entity, entityId, row
    ADD COLUMN merged     json,                           -- RESOLVED by MERGE: the row that both sides were given
    ADD COLUMN reached    json,                           -- summed columns: the base with the deltas that wait here
    ADD COLUMN unfinished boolean NOT NULL DEFAULT false, -- RESOLVED: the other side was yet to be given the row
    ADD COLUMN automatic  boolean NOT NULL DEFAULT false, -- met while the table's policy was to be asked
    ADD COLUMN asked      text;                           -- the version and policy that left it to a person

-- People page through conflicts by record, in an order that does not depend on a database's collation.
CREATE INDEX sync_state_page ON cdc.sync_state (entity COLLATE "C", entity_id COLLATE "C", id)
    WHERE status = 'OPEN';
CREATE INDEX sync_state_unfinished ON cdc.sync_state (id) WHERE unfinished;
