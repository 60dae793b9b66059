-- Purpose:    Whether some session holds the operation lock of this database.
-- Parameters: none.
-- Result:     one boolean.
SELECT EXISTS (SELECT 1 FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 6513763 AND l.objid = 5
                 AND l.objsubid = 2
                 AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
