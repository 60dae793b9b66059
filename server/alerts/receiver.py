"""What takes messages, and what it says when it did not."""

from __future__ import annotations

from typing import Protocol

from cdc.errors import CdcError
from server.alerts.message import Message


class NotDelivered(CdcError):
    """A receiver did not take a message. `final`: it will not take it another time either."""

    def __init__(self, message: str, *, hint: str = "", final: bool = False) -> None:
        """Take the message, the hint, and whether to give up."""
        super().__init__(message, hint=hint)
        self.final = final


class Receiver(Protocol):
    """Somebody who is told. `name` says who in logs, without secrets."""

    name: str

    async def deliver(self, message: Message) -> None:
        """Make one attempt, which ends within seconds.

        Raises:
            NotDelivered: it was not taken.
        """
