-- Purpose:    The suspects' keys, for COPY (query) TO STDOUT.
-- Parameters: {keys} of d; {suspects}.
-- Result:     the keys.
SELECT {keys} FROM {suspects} AS d
