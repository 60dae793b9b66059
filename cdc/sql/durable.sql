-- Purpose:    Whether all that is visible here is flushed to disk, so that no crash can take it back.
-- Parameters: none.
-- Result:     one boolean; false as well while somebody is just writing.
SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()
