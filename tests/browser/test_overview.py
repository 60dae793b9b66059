"""The overview: what moves shows by itself, and sync is paused only after a question."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.watched import Demo, Watched


async def test_a_row_that_changes_shows_without_a_reload(demo: Demo, watched: Watched) -> None:
    await watched.go("overview")
    page = watched.page
    await expect(page.locator(".feed")).to_contain_text("live")
    moving = page.locator("section.card", has=page.get_by_role("heading", name="Moving"))
    await demo.main.execute("""UPDATE "Product" SET "reorderAt" = "reorderAt" + 1 WHERE sku = 'SOFT-003'""")
    await expect(moving.get_by_role("listitem").first).to_have_text(
        re.compile(r"Product→ BACKUP\d+ changes?")
    )
    await demo.backup.execute("""UPDATE "Customer" SET phone = '0113' WHERE email IS NOT NULL""")
    await expect(moving.get_by_role("listitem").first).to_have_text(re.compile(r"Customer→ MAIN\d+ changes?"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Both sides are equal.")


async def test_pausing_says_what_it_does_and_resuming_carries_over(demo: Demo, watched: Watched) -> None:
    await watched.go("overview")
    page = watched.page
    await page.get_by_role("button", name="Pause sync").click()
    question = page.get_by_role("dialog", name="Pause sync?")
    await expect(question).to_contain_text("no longer carried over")
    await question.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Both sides are equal.")
    await page.keyboard.press("p")
    await question.get_by_role("button", name="Pause sync").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sync is paused.")
    await demo.main.execute("""UPDATE "Product" SET "reorderAt" = 77 WHERE sku = 'SOFT-003'""")
    await expect(page.get_by_role("group", name="MAIN → BACKUP")).to_contain_text("1 pending")
    await page.get_by_role("button", name="Resume sync").click()
    await page.get_by_role("dialog").get_by_role("button", name="Resume sync").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Both sides are equal.")
    query = """SELECT "reorderAt" FROM "Product" WHERE sku = 'SOFT-003'"""
    assert await demo.backup.fetchval(query) == 77
