-- Purpose:    What the rows of a partition have in common, at every level above it.
-- Parameters: $1 oid of the partition.
-- Result:     an expression of the columns' names; null where it is none.
SELECT pg_get_partition_constraintdef($1::oid)
