"""`python -m server` is the command line `cdc`."""

from __future__ import annotations

from server.cli import main

main()
