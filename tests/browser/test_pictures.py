"""The pictures of the README, of the demo at work. Taken only where CDC_TEST_SCREENSHOTS names their folder."""

from __future__ import annotations

import os
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from tests.browser.watched import Demo
from tests.running import Shell

BUSY = {"BACKUP_INTERVAL_SECONDS": "25", "RESTORE_TEST_INTERVAL_HOURS": "24"}
HEIGHT = 800
OURS = """, name = 'Diet Coke 33 cl, cold', "updatedAt" = now(),
    attributes = attributes || '{"happyHour": true}'"""
THEIRS = """, "reorderAt" = 36, "updatedAt" = now() + interval '1 ms'"""


@pytest.mark.skipif(
    "CDC_TEST_SCREENSHOTS" not in os.environ, reason="CDC_TEST_SCREENSHOTS=docs/images takes pictures"
)
@pytest.mark.timeout(240)
async def test_pictures(servers_root: Path, browser: Browser) -> None:
    folder = servers_root / "pictures"
    folder.mkdir()
    folder.chmod(0o711)
    async with Shell(folder, BUSY).service() as running:
        said = await running.said("demo")
        await running.streaming()
        main, backup = await asyncpg.connect(said["main"]), await asyncpg.connect(said["backup"])
        demo = Demo(running, browser, said["dashboard"], main, backup)
        product = await demo.dispute("SOFT-002", OURS, THEIRS)
        size = {"width": 1280, "height": HEIGHT}
        async with demo.visit(viewport=size, color_scheme="light") as watched:
            await watched.log_in()
            page = watched.page
            await watched.go("snapshots", "Snapshots")
            await page.get_by_role("button", name="Test").first.click()
            await expect(page.get_by_text("restore tested").nth(1)).to_be_visible(timeout=60_000)
            await watched.go("overview")
            await running.state(lambda found: found["sync"]["links"]["MAIN_TO_BACKUP"]["appliedTotal"] > 40)
            await expect(page.locator(".moving li")).to_have_count(7)
            await expect(page.locator("#said")).to_be_empty()
            await page.set_viewport_size({"width": 1280, "height": 670})
            await watched.picture("overview")
            await page.set_viewport_size(size)
            await watched.go(f"conflicts/Product/{product.key}", "Conflicts")
            await expect(page.get_by_role("article")).to_be_visible()
            await page.keyboard.press("g")
            await page.get_by_role("button", name="price: take BACKUP's value").click()
            await watched.picture("conflict")
            await main.execute("DELETE FROM \"StockMovement\" WHERE reason = 'COUNT'")
            await watched.go("snapshots", "Snapshots")
            await page.locator("tbody tr").last.get_by_role("link", name="Restore").click()
            await page.get_by_role("radio").first.check()
            await page.get_by_role("button", name="See what would change").click()
            await expect(page.get_by_role("button", name="Go on")).to_be_visible()
            await watched.picture("restore")
        async with demo.visit(viewport={"width": 1280, "height": 670}, color_scheme="dark") as watched:
            await watched.log_in()
            await watched.go("overview")
            await expect(watched.page.locator(".moving li")).to_have_count(7)
            await watched.picture("overview-dark")
        await main.close()
        await backup.close()
