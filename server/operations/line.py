"""A connection to MAIN for short questions, made when it is first needed and anew where it broke."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from cdc.session import UNREACHABLE, Connection, Endpoint, connect
from server.databases import require_installed

Answer = TypeVar("Answer")

PATIENCE: Final = 10.0
"""Seconds for one question."""


class Line:
    """Answers one question after the other.

    Args:
        main: where to ask.
    """

    def __init__(self, main: Endpoint) -> None:
        self._main = main
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()

    async def ask(self, question: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Ask something that may be asked twice: a connection that had died unnoticed is replaced once.

        Raises:
            ConnectivityError: MAIN cannot be reached.
            InstallRefused: schema cdc is not installed there.
        """
        async with self._turn:
            if self._connection is not None and not self._connection.is_closed():
                try:
                    return await self._asked(self._connection, question)
                except (*UNREACHABLE, asyncpg.InternalClientError):
                    self._drop()
                except asyncio.CancelledError:  # its answer may still come, and be taken for the next one's
                    self._drop()
                    raise
            self._connection = await connect(self._main, "operations")
            try:
                await require_installed({self._main.side: self._connection})
                return await self._asked(self._connection, question)
            except BaseException:
                self._drop()
                raise

    async def close(self) -> None:
        """Drop the connection."""
        self._drop()

    async def _asked(
        self, connection: Connection, question: Callable[[Connection], Awaitable[Answer]]
    ) -> Answer:
        async with asyncio.timeout(PATIENCE):
            return await question(connection)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None
