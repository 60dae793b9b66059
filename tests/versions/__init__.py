"""The sync, capture and restore tests on the PostgreSQL versions and as the roles that `make check` does not run."""
