"""Reads a large window page by page, the next one while the last one is being applied."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from cdc.position import Position, Seen
from cdc.reader import Page, Reader


@dataclass(slots=True)
class Loaded:
    """A page's rows in binary COPY format, as the source sent them: pieces that end with a row."""

    pieces: list[bytes] = field(default_factory=list)

    async def stream(self) -> AsyncIterator[bytes]:
        """The pieces, one by one."""
        for piece in self.pieces:
            yield piece


class Pages:
    """The pages of the window that a link is in; at most one of them is in memory beside the one in use.

    Reading ahead keeps the reader's session busy: nobody else may use that before `take` or `leave` has returned.
    """

    def __init__(self, reader: Reader) -> None:
        """Take the link's reader, whose limits are those of a page."""
        self._reader = reader
        self._window: tuple[Seen, Seen | None] | None = None
        self._left: deque[Page] = deque()
        self._ahead: asyncio.Task[Loaded] | None = None
        self._ahead_of: Position | None = None

    async def take(self, position: Position) -> Loaded | None:
        """The page that follows a position inside a window; None at the window's end.

        Raises:
            asyncpg.PostgresError: the source refused to read it.
        """
        if self._ahead is not None and self._ahead_of == position:
            ahead, self._ahead = self._ahead, None
            return await ahead
        await self.leave()
        if self._window != (position.seen, position.window_to):
            self._left = deque(await self._reader.pages(position))
            self._window = position.seen, position.window_to
        page = self._next(position)
        return None if page is None else await self._load(position, page)

    def read_ahead(self, position: Position) -> None:
        """Begin to read the page that follows a position, which is reached once the page last taken is applied."""
        page = self._next(position)
        if page is not None:
            self._ahead = asyncio.create_task(self._load(position, page))
            self._ahead_of = position

    async def leave(self) -> None:
        """Forget what was read ahead, and free the reader's session."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            # Whatever it met, whoever reads next will meet it too.
            with contextlib.suppress(Exception):
                await ahead

    def close(self) -> None:
        """Give up what is being read; the reader's session ends."""
        if self._ahead is not None:
            self._ahead.cancel()
        self._ahead = self._window = None

    def _next(self, position: Position) -> Page | None:
        """The first page that is not behind a position; what is applied otherwise may end inside a page."""
        while self._left and self._left[0].high <= (position.last_seq or 0):
            self._left.popleft()
        return self._left[0] if self._left else None

    async def _load(self, position: Position, page: Page) -> Loaded:
        loaded = Loaded()

        async def keep(piece: bytes) -> None:
            loaded.pieces.append(bytes(piece))

        await self._reader.copy(position, page, keep)
        return loaded
