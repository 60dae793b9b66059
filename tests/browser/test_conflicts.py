"""Deciding conflicts: each way, column by column, many at once, and never over a row that has moved."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.watched import Demo, Watched

REFUSED = "409 \\(Conflict\\)"


async def look(watched: Watched, key: str) -> None:
    await watched.go(f"conflicts/Product/{key}", "Conflicts")
    await expect(watched.page.get_by_role("article")).to_be_visible()


@pytest.mark.parametrize(("side", "key"), [("MAIN", "m"), ("BACKUP", "b")])
async def test_one_side_is_taken(demo: Demo, watched: Watched, side: str, key: str) -> None:
    product = await demo.dispute("SOFT-001")
    price = {"MAIN": product.main, "BACKUP": product.backup}[side]
    await watched.go("conflicts", "Conflicts")
    page = watched.page
    await page.get_by_role("navigation", name="Conflicts").get_by_role("link").first.click()
    row = page.get_by_role("row", name="price")
    await expect(row.locator(".main mark")).to_have_text(product.main)
    await expect(row.locator(".backup mark")).to_have_text(product.backup)
    await page.keyboard.press(key)
    await expect(row.locator("td.result")).to_have_text(price)
    await page.get_by_role("button", name=f"Write {side}'s row to both sides").click()
    await expect(page.locator("#said")).to_contain_text("is decided")
    assert await demo.price(product.key) == (price, price)
    await page.get_by_label("Show").select_option("decided ones")
    await page.get_by_role("link", name=re.compile(product.key)).first.click()
    await expect(page.get_by_role("article")).to_contain_text(f"decided: {side}")
    await expect(page.get_by_role("article")).to_contain_text("by tester")


async def test_columns_are_merged_and_the_row_that_results_is_shown_first(
    demo: Demo, watched: Watched
) -> None:
    product = await demo.dispute("SOFT-002", ", name = 'Tonic <b>light</b>'", ", tags = '{new}'")
    await look(watched, product.key)
    page = watched.page
    await page.get_by_role("button", name="Merge by column").click()
    await expect(page.get_by_role("row", name="name").locator("td.result .value")).to_have_text(
        "Tonic <b>light</b>"
    )
    await expect(page.get_by_role("row", name="tags").locator("td.result .value")).to_have_text("{new}")
    await expect(page.get_by_role("button", name="1 column still to choose")).to_be_disabled()
    await page.get_by_role("button", name="price: take BACKUP's value").click()
    await expect(page.get_by_role("row", name="price").locator("td.result .value")).to_have_text(
        product.backup
    )
    await page.get_by_role("button", name="price: type another value").click()
    await page.get_by_label("price: value").fill("0.80")
    await page.get_by_role("button", name="Write the merged row to both sides").click()
    await expect(page.locator("#said")).to_contain_text("is decided")
    query = 'SELECT name, price::text, tags::text FROM "Product" WHERE id = $1'
    for side in (demo.main, demo.backup):
        assert tuple(await side.fetchrow(query, product.key) or ()) == ("Tonic <b>light</b>", "0.80", "{new}")


async def test_a_row_that_moves_under_the_reader_is_shown_and_not_overwritten(
    demo: Demo, watched: Watched
) -> None:
    product = await demo.dispute("SOFT-003")
    watched.expected += [REFUSED]  # where a link tells the service of the change after the page has seen it
    await look(watched, product.key)
    page = watched.page
    await page.keyboard.press("b")
    await demo.main.execute('UPDATE "Product" SET price = 0.99 WHERE id = $1', product.key)
    await expect(page.get_by_text("This row moved while you were reading")).to_be_visible()
    await expect(page.get_by_role("button", name="Write BACKUP's row to both sides")).to_be_disabled()
    await expect(page.get_by_role("row", name="price").locator("td.main")).to_contain_text(product.main)
    await page.get_by_role("button", name="Show its new state").click()
    moved = page.locator("td.moved")
    await expect(moved).to_have_count(1)
    await expect(moved).to_contain_text("0.99")
    await page.get_by_role("button", name="Write BACKUP's row to both sides").click()
    await expect(page.locator("#said")).to_contain_text("is decided")
    assert await demo.price(product.key) == (product.backup, product.backup)


async def test_a_decision_on_a_row_that_has_moved_unseen_is_refused(demo: Demo, watched: Watched) -> None:
    product = await demo.dispute("SOFT-003")
    watched.expected += [REFUSED, "ERR_FAILED"]
    await look(watched, product.key)
    page, deaf = watched.page, True

    async def answer(route: Route) -> None:
        if deaf and route.request.method == "GET":
            await route.abort()
        else:
            await route.continue_()

    await page.route(f"**/backup/conflicts/Product/{product.key}*", answer)
    await demo.main.execute('UPDATE "Product" SET price = 0.98 WHERE id = $1', product.key)
    await page.keyboard.press("b")
    async with page.expect_response("**/resolve") as refused:
        deaf = False
        await page.keyboard.press("a")
    assert (await refused.value).status == 409
    await expect(page.get_by_text("This row moved while you were reading")).to_be_visible()
    assert await demo.price(product.key) == ("0.98", product.backup)
    await page.get_by_role("button", name="Show its new state").click()
    await page.keyboard.press("m")
    await page.keyboard.press("a")
    await expect(page.locator("#said")).to_contain_text("is decided")
    assert await demo.price(product.key) == ("0.98", "0.98")


async def test_what_moves_nothing_that_is_shown_troubles_nobody(demo: Demo, watched: Watched) -> None:
    product = await demo.dispute("SOFT-003")
    watched.expected += [REFUSED]
    await look(watched, product.key)
    page, answers = watched.page, []
    learn = "UPDATE cdc.sync_state SET version = version + 1 WHERE entity_id = $1 AND status = 'OPEN'"

    async def answer(route: Route) -> None:
        if not answers:
            for side in (demo.main, demo.backup):
                await side.execute(learn, product.key)
        response = await route.fetch()
        answers.append(response.status)
        await route.fulfill(response=response)

    await page.route("**/resolve", answer)
    await page.keyboard.press("b")
    await page.keyboard.press("a")
    await expect(page.locator("#said")).to_contain_text("is decided")
    assert answers == [409, 200]
    assert await demo.price(product.key) == (product.backup, product.backup)


async def test_a_row_deleted_on_one_side_is_deleted_only_after_a_question(
    demo: Demo, watched: Watched
) -> None:
    key = "browser-gone"
    await demo.main.execute(
        """INSERT INTO "Customer" (id, name, "updatedAt") VALUES ($1, 'Ada', now())""", key
    )
    there = 'SELECT count(*) FROM "Customer" WHERE id = $1'

    async def has_it(side: object) -> bool:
        return bool(await side.fetchval(there, key))  # type: ignore[attr-defined]

    await demo.both(has_it)
    async with demo.main.transaction(), demo.backup.transaction():
        await demo.main.execute('DELETE FROM "Customer" WHERE id = $1', key)
        await demo.backup.execute("""UPDATE "Customer" SET name = 'Ada L.' WHERE id = $1""", key)
    await demo.both(lambda side: demo.open_conflict(side, key), some=True)
    await watched.go(f"conflicts/Customer/{key}", "Conflicts")
    page = watched.page
    await expect(page.get_by_role("article")).to_contain_text("MAIN has no such row")
    await expect(page.get_by_role("button", name="Merge by column")).to_be_disabled()
    await page.keyboard.press("m")
    await page.get_by_role("button", name="Delete the row on both sides").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    await expect(page.locator("#said")).to_contain_text("is decided")
    assert not await has_it(demo.backup)


async def test_many_are_decided_at_once_after_a_preview(demo: Demo, watched: Watched) -> None:
    products = [await demo.dispute(sku) for sku in ("SOFT-001", "SOFT-002", "SOFT-003")]
    await watched.go("conflicts", "Conflicts")
    page = watched.page
    await expect(page.get_by_role("checkbox")).to_have_count(3)
    await page.keyboard.press("j")
    await expect(page.get_by_role("article")).to_be_visible()
    await page.keyboard.press("x")
    await expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    await page.get_by_role("button", name="Mark all").click()
    await page.get_by_role("button", name="Decide 3 …").click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_role("radio", name=re.compile("column by column")).check()
    await expect(sheet).to_contain_text("3 rows will stay open")
    await sheet.get_by_role("radio", name=re.compile("BACKUP's rows")).check()
    await expect(sheet).to_contain_text("3 rows will be equal on both sides")
    await sheet.get_by_role("button", name="Decide 3 rows").click()
    await sheet.get_by_role("button", name="Done").click()
    await expect(page.get_by_text("No row waits for a decision.")).to_be_visible()
    for product in products:
        assert await demo.price(product.key) == (product.backup, product.backup)
