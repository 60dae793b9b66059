"""A real browser on the demo: embedded servers, no traffic but the tests' own, one service for all of these tests.

The browser is Debian's Chromium; CDC_TEST_CHROMIUM names another. Without one these tests are left out.
CDC_TEST_SCREENSHOTS=docs/images makes the tests write their pictures there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.watched import Demo, Watched
from tests.running import Shell

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
QUIET = {"DEMO_TRAFFIC": "false", "BACKUP_INTERVAL_SECONDS": "31536000", "RESTORE_TEST_INTERVAL_HOURS": "0"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let all of these run in one event loop: those of a process share a service and a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def _chromium() -> str | None:
    named = os.environ.get("CDC_TEST_CHROMIUM")
    return (
        named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each has a context of its own."""
    program = _chromium()
    if program is None:
        pytest.skip("no Chromium here: the dashboard is not tested. `apt-get install chromium` brings one.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(servers_root: Path, browser: Browser) -> AsyncIterator[Demo]:
    """The demo as `make run` starts it, and connections to both of its databases."""
    folder = servers_root / "browser"
    folder.mkdir()
    folder.chmod(0o711)
    async with Shell(folder, QUIET).service() as running:
        said = await running.said("demo")
        await running.streaming()
        main, backup = await asyncpg.connect(said["main"]), await asyncpg.connect(said["backup"])
        try:
            yield Demo(running, browser, said["dashboard"], main, backup)
        finally:
            await main.close()
            await backup.close()


@pytest_asyncio.fixture(loop_scope="session")
async def watched(demo: Demo) -> AsyncIterator[Watched]:
    """A page that somebody is logged in to. Whatever it complains of fails the test."""
    async with demo.visit() as page:
        await page.log_in()
        yield page
