-- Purpose:    Take all suspects for standing, where the links do not move and the changelogs have to tell.
-- Parameters: {suspects}.
-- Result:     none.
UPDATE {suspects} AS d SET stands = true
