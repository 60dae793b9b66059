"""What this package raises on purpose."""

from __future__ import annotations


class TriggerError(Exception):
    """Something of ours cannot be installed, removed or read as asked. `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Take the message for people and the hint that goes with it."""
        super().__init__(message)
        self.hint = hint
