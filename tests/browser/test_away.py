"""The service goes away and comes back; the page says so, and goes on by itself."""

from __future__ import annotations

import asyncio
import signal
from urllib.parse import urlsplit

import asyncpg
from playwright.async_api import expect

from tests.browser.watched import Demo, watching
from tests.databases import OwnServers
from tests.running import Shell

GONE = "401|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|503|ERR_NETWORK"


async def test_servers_that_go_away_and_come_back(
    demo: Demo, own_servers: OwnServers, server_folder: object
) -> None:
    main = await asyncpg.connect(own_servers.main.url("shop"))
    await main.execute("CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a')")
    variables = {
        "DATABASE_URL": own_servers.main.url("shop"),
        "BACKUP_DATABASE_URL": own_servers.backup.url("shop"),
        "BACKUP_INTERVAL_SECONDS": "31536000",
        "RESTORE_TEST_INTERVAL_HOURS": "0",
    }
    shell = Shell(server_folder, variables)  # type: ignore[arg-type]
    async with shell.service() as first:
        base = await first.address()
        await first.streaming()
        async with watching(demo.browser, base) as watched:
            watched.expected.append(GONE)
            await watched.log_in()
            await watched.go("overview", "Both sides are equal.")
            page = watched.page
            heading = page.get_by_role("heading", level=1)

            await own_servers.backup.kill()
            await expect(heading).to_have_text("BACKUP cannot be reached.", timeout=90_000)
            await main.execute("INSERT INTO item VALUES (2, 'b')")
            await own_servers.backup.start()
            await expect(heading).to_have_text("Both sides are equal.", timeout=90_000)

            assert await first.end(signal.SIGTERM) == 0
            await expect(heading).to_have_text("The service does not answer.", timeout=90_000)
            async with shell.service(PORT=str(urlsplit(base).port)) as second:
                await second.streaming()
                await expect(page.get_by_role("heading", name="Log in").or_(heading)).not_to_have_text(
                    "The service does not answer.", timeout=90_000
                )
                await watched.log_in()
                await page.reload()
                await expect(heading).to_have_text("Both sides are equal.")
                await expect(page.locator(".feed")).to_contain_text("live")
    await asyncio.wait_for(main.close(), 5)
