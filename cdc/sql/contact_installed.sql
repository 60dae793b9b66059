-- Purpose:    Whether people's decisions can be read in this database.
-- Parameters: none.
-- Result:     one boolean.
SELECT to_regclass('cdc.backup_config') IS NOT NULL
