"""The process: settings, command line, embedded PostgreSQL, the service and its HTTP interface."""
