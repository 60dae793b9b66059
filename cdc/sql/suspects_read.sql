-- Purpose:    The suspects as they are now, for COPY (query) TO STDOUT.
-- Parameters: {reading}; {suspects}; {of_suspects} r and d.
-- Result:     the keys, value.
SELECT r.* FROM ({reading}) AS r JOIN {suspects} AS d ON {of_suspects}
