"""The benchmark: lag, catch-up and overhead beside native logical replication. Run by `make bench`."""
