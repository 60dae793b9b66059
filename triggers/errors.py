"""What this package raises on purpose."""

from __future__ import annotations

import asyncpg


class TriggerError(Exception):
    """Something of ours cannot be installed, removed or read as asked. `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Take the message for people and the hint that goes with it."""
        super().__init__(message)
        self.hint = hint


def told(error: asyncpg.PostgresError) -> str:
    """What PostgreSQL says, and of whose function: event triggers of people's own raise in our statements."""
    context = getattr(error, "context", None)
    return f"{error} ({context.splitlines()[0]})" if context else str(error)
