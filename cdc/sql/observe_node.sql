-- Purpose:    What this database is to us: whether schema cdc is there is asked first (observe_installed).
-- Parameters: none.
-- Result:     one row: side, first_contact, first_contact_note (text), working (a service holds MAIN's lock).
SELECT n.side, n.first_contact, n.first_contact_note::text AS first_contact_note,
       EXISTS (SELECT 1 FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 6513763 AND l.objid = 2
                 AND l.objsubid = 2
                 AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
              ) AS working
FROM cdc.node n
