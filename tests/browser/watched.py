"""A page under watch: what its console says, where its requests go, what its policy forbids."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Request, expect

from tests.running import TOKEN, Running, until

PATIENCE_MS: Final = 60_000
WIDE: Final = {"width": 1360, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
_prices = itertools.count(3)
SERIOUS: Final = frozenset({"serious", "critical"})


@dataclass
class Watched:
    """One page and what it complained of. `expected` are patterns of complaints that belong to the test."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.base).netloc and not request.url.startswith("data:"):
            self.complaints.append(f"request to {request.url}")

    @property
    def unexpected(self) -> list[str]:
        return [each for each in self.complaints if not any(re.search(one, each) for one in self.expected)]

    async def go(self, place: str, heading: str | None = None) -> None:
        """Show a view, and wait for its heading."""
        await self.page.goto(f"{self.base}/#/{place}")
        if heading is not None:
            await expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()

    async def log_in(self) -> None:
        """Exchange the tests' token for the session's cookie, as the login page does."""
        answer = await self.page.context.request.post(
            f"{self.base}/login", data={"token": TOKEN}, headers={"Origin": self.base}
        )
        assert answer.ok, await answer.text()

    async def accessible(self) -> None:
        """Let axe look at the page as it is."""
        found = await Axe().run(self.page)
        serious = [each for each in found.response["violations"] if each["impact"] in SERIOUS]
        assert not serious, "\n".join(
            f"{each['id']}: {each['help']}: {[node['html'] for node in each['nodes']][:3]}"
            for each in serious
        )

    async def picture(self, name: str, *, full: bool = False) -> None:
        """Keep a picture where CDC_TEST_SCREENSHOTS asks for them."""
        if folder := os.environ.get("CDC_TEST_SCREENSHOTS"):
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=full)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A product that has another price on each side."""

    key: str
    main: str
    backup: str


@dataclass(slots=True)
class Demo:
    """The running demo. `link` logs in once."""

    running: Running
    browser: Browser
    link: str
    main: asyncpg.Connection[asyncpg.Record]
    backup: asyncpg.Connection[asyncpg.Record]

    @property
    def base(self) -> str:
        parts = urlsplit(self.link)
        return f"{parts.scheme}://{parts.netloc}"

    @asynccontextmanager
    async def visit(self, **options: Any) -> AsyncIterator[Watched]:
        """A fresh browser session; at its end it must not have complained of anything."""
        async with watching(self.browser, self.base, **options) as page:
            yield page

    async def dispute(self, sku: str, ours: str = "", theirs: str = "") -> Dispute:
        """Reprice a product on both sides at once, neither seeing the other; prices that nobody had before.

        Args:
            sku: the product's.
            ours: what else MAIN assigns, beginning with a comma.
            theirs: what else BACKUP assigns.
        """
        number = next(_prices)
        here, there = f"{number}.85", f"{number}.10"
        change = 'UPDATE "Product" SET price = {}{} WHERE sku = $1 RETURNING id'
        async with self.main.transaction(), self.backup.transaction():
            key = str(await self.main.fetchval(change.format(here, ours), sku))
            await self.backup.execute(change.format(there, theirs), sku)
        await self.both(lambda side: self.open_conflict(side, key), some=True)
        return Dispute(key, here, there)

    async def open_conflict(self, side: asyncpg.Connection[asyncpg.Record], key: str) -> bool:
        query = "SELECT count(*) FROM cdc.sync_state WHERE entity_id = $1 AND status = 'OPEN'"
        return bool(await side.fetchval(query, key))

    async def both(
        self,
        holds: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[bool]],
        *,
        some: bool = False,
    ) -> None:
        """Wait until something holds on both sides, or on one of them."""

        async def reached() -> bool:
            found = [await holds(side) for side in (self.main, self.backup)]
            return any(found) if some else all(found)

        await until(reached)

    async def price(self, key: str) -> tuple[str, str]:
        """A product's price on both sides, as text."""
        query = 'SELECT price::text FROM "Product" WHERE id = $1'
        return str(await self.main.fetchval(query, key)), str(await self.backup.fetchval(query, key))


@asynccontextmanager
async def watching(browser: Browser, base: str, **options: Any) -> AsyncIterator[Watched]:
    """A page of a session of its own, under watch."""
    context = await browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **options})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        watched = Watched(await context.new_page(), base)
        watched.listen()
        yield watched
        assert watched.unexpected == [], "\n".join(watched.unexpected)
    finally:
        await context.close()
