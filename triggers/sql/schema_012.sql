-- Purpose:    Schema cdc, version 12: a held table is known by its number, whatever it is called by now.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     one more column of cdc.position, and of its primary key; 0 in what is there.
ALTER TABLE cdc.position
    ADD COLUMN table_id int NOT NULL DEFAULT 0,  -- a held table's number at the source; 0: the link itself, or not known
    DROP CONSTRAINT position_pkey,
    ADD PRIMARY KEY (source, entity, table_id);
