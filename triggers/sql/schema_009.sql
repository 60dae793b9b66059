-- Purpose:    Schema cdc, version 9: copies of a server's files are told apart by who opened a link with them last.
-- Parameters: none. Runs inside the installer's transaction, which holds the install lock.
-- Result:     one more column of cdc.node, empty, and of cdc.position, null in what is there.
ALTER TABLE cdc.node
    ADD COLUMN openings text[] NOT NULL DEFAULT '{}';     -- the last links opened from here, the newest first
ALTER TABLE cdc.position
    ADD COLUMN opening text;                              -- which of the source's openings goes on from here
