"""The page that describes the HTTP interface: from files of ours alone, readable by everyone."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.watched import Demo


async def test_every_route_is_described_without_logging_in(demo: Demo) -> None:
    async with demo.visit() as watched:
        page = watched.page
        await page.goto(f"{demo.base}/docs")
        await expect(page.get_by_role("heading", level=1, name="The HTTP interface")).to_be_visible()
        await page.goto(f"{demo.base}/docs#resolve_conflict")
        route = page.locator("#resolve_conflict")
        await expect(route).to_contain_text("curl -X POST")
        await expect(route).to_contain_text("entityId")
        await expect(route).to_contain_text('"MAIN" | "BACKUP" | "MERGE"')
        await expect(page.locator("nav a")).to_have_count(await page.locator("main details").count())
        await watched.accessible()
