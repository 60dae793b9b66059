-- Purpose:    Make a sequence give every other number. Waits for transactions that have taken a number from it.
-- Parameters: {sequence} its qualified name.
-- Result:     increment 2; numbers that sessions hold in advance are dropped.
ALTER SEQUENCE {sequence} INCREMENT BY 2
