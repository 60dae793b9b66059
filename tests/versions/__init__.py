"""The sync, capture and restore tests on the PostgreSQL versions that `make check` does not run on."""
