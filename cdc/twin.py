"""Work on both sides at once, and a transaction on each, committed one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from cdc.model import Side
from cdc.session import Connection

Result = TypeVar("Result")
One = TypeVar("One")
Other = TypeVar("Other")


async def on_both(work: Callable[[Side], Awaitable[Result]]) -> dict[Side, Result]:
    """Do something on both sides at the same time, over a session of its own on each.

    The error of either side is raised once both have ended.
    """
    found = await asyncio.gather(*(work(side) for side in Side), return_exceptions=True)
    results: dict[Side, Result] = {}
    for side, each in zip(Side, found, strict=True):
        if isinstance(each, BaseException):
            raise each
        results[side] = each
    return results


async def both(one: Awaitable[One], other: Awaitable[Other]) -> tuple[One, Other]:
    """Do two things at the same time. The error of either is raised once both have ended."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


class Twin:
    """Both transactions; use as `async with`. The side that is named commits first.

    After an error neither side keeps anything.
    Between the two commits the process may die: what the second side was to have, the first has to know.
    """

    def __init__(self, connections: Mapping[Side, Connection]) -> None:
        """Take the sessions, neither of them in a transaction."""
        self.first = Side.MAIN
        self._connections = connections
        self._transactions = {side: each.transaction() for side, each in connections.items()}

    async def __aenter__(self) -> Self:
        """Begin both."""
        await self._transactions[Side.MAIN].start()
        try:
            await self._transactions[Side.BACKUP].start()
        except BaseException:
            await self._undo(Side.MAIN)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit both, or undo both."""
        if kind is not None:
            for side in Side:
                await self._undo(side)
            return
        try:
            await self._transactions[self.first].commit()
        except BaseException:
            await self._undo(self.first.other)
            raise
        await self._transactions[self.first.other].commit()

    async def _undo(self, side: Side) -> None:
        if not self._connections[side].is_closed():
            await self._transactions[side].rollback()
