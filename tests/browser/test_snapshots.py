"""Snapshots: taken, kept, fetched, removed; restored to either side after a preview; both sides compared."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.watched import Demo, Watched

STOCK = 'SELECT "reorderAt" FROM "Product" WHERE sku = \'SOFT-004\''
CHANGE = 'UPDATE "Product" SET "reorderAt" = "reorderAt" + 1 WHERE sku = \'SOFT-004\''


def holds_rows(path: Path) -> bool:
    return bool(json.loads(gzip.decompress(path.read_bytes())))


async def back_up(watched: Watched) -> int:
    """Take a snapshot by the button. Returns how many there are then."""
    await watched.go("snapshots", "Snapshots")
    await expect(watched.page.get_by_text("Loading")).to_have_count(0)
    rows = watched.page.locator("tbody tr")
    before = await rows.count()
    await watched.page.get_by_role("button", name="Back up now").click()
    await expect(rows).to_have_count(before + 1)
    return before + 1


async def test_a_snapshot_is_taken_pinned_fetched_and_removed(demo: Demo, watched: Watched) -> None:
    await demo.main.execute(CHANGE)
    count = await back_up(watched)
    page = watched.page
    newest = page.locator("tbody tr").first
    await expect(newest).to_contain_text("verified")
    await newest.get_by_role("button", name="Pin").click()
    await expect(newest).to_contain_text("pinned")
    await expect(newest.get_by_role("button", name="Delete")).to_be_disabled()
    async with page.expect_download() as fetched:
        await newest.get_by_role("link", name="Download").click()
    assert holds_rows(await (await fetched.value).path())
    await newest.get_by_role("button", name="Unpin").click()
    await newest.get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete this snapshot?")
    await question.get_by_role("button", name="Delete it").click()
    await expect(page.locator("tbody tr")).to_have_count(count - 1)
    await watched.go("history", "History")
    await expect(page.locator("tbody tr").first).to_contain_text("Backup")


@pytest.mark.parametrize(("side", "other"), [("MAIN", "BACKUP"), ("BACKUP", "MAIN")])
async def test_a_snapshot_is_restored_to_either_side(
    demo: Demo, watched: Watched, side: str, other: str
) -> None:
    await demo.main.execute(CHANGE)
    await back_up(watched)
    page = watched.page
    kept = await demo.main.fetchval(STOCK)
    await demo.main.execute(CHANGE)

    async def carried(database: object) -> bool:
        return bool(await database.fetchval(STOCK) == kept + 1)  # type: ignore[attr-defined]

    await demo.both(carried)
    await page.locator("tbody tr").first.get_by_role("link", name="Restore").click()
    await expect(page.get_by_role("heading", level=1, name="Restore")).to_be_visible()
    await page.get_by_role("radio", name=re.compile(f"^{side}")).check()
    follows = page.get_by_role("checkbox", name=f"{other} follows")
    assert await follows.is_checked() == (side == "MAIN")
    await follows.check()
    await page.get_by_role("button", name="See what would change").click()
    counts = page.get_by_role("row", name="Product")
    await expect(counts).to_contain_text("±1")
    assert await demo.main.fetchval(STOCK) == kept + 1
    if side == "MAIN":
        await watched.accessible()
        await watched.picture("restore")
    await page.get_by_role("button", name="Go on").click()
    restore = page.get_by_role("button", name=f"Restore {side}")
    await page.get_by_label(f"Type {side} to confirm").fill(other)
    await expect(restore).to_be_disabled()
    await page.get_by_label(f"Type {side} to confirm").fill(side)
    await restore.click()
    await expect(page.get_by_text(f"{side} is restored.")).to_be_visible(timeout=90_000)

    async def restored(database: object) -> bool:
        return bool(await database.fetchval(STOCK) == kept)  # type: ignore[attr-defined]

    await demo.both(restored)


async def test_both_sides_are_compared_on_demand(watched: Watched) -> None:
    await watched.go("tables", "Tables")
    page = watched.page
    await expect(page.get_by_role("row", name="Product")).to_contain_text("captured")
    await page.get_by_role("button", name="Compare both sides now").click()
    await expect(page.get_by_text("Both sides are equal:")).to_be_visible(timeout=90_000)


async def test_a_policy_is_changed_after_a_question(demo: Demo, watched: Watched) -> None:
    await watched.go("tables", "Tables")
    page = watched.page
    choice = page.get_by_label("When both sides change a row of Product")
    await choice.select_option("MAIN wins")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await expect(choice).to_have_value("MANUAL")
    await choice.select_option("merge by column …")
    sheet = page.get_by_role("dialog", name="Product: merge by column?")
    await sheet.get_by_label("Strategies").fill("reorderAt = SUM")
    await sheet.get_by_role("button", name="Change the policy").click()
    await expect(page.get_by_role("row", name="Product")).to_contain_text("MERGE(reorderAt=SUM)")
    await choice.select_option("ask a person")
    await page.get_by_role("dialog").get_by_role("button", name="Change the policy").click()
    await expect(page.locator("#said")).to_contain_text("Product: ask a person")
    query = "SELECT value FROM cdc.backup_config WHERE key = 'policy:Product'"
    assert "MANUAL" in await demo.main.fetchval(query)
