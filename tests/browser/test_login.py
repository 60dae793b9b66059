"""Getting in: the link that the demo prints, a pasted token, and what stays out."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.watched import Demo, Watched
from tests.running import TOKEN

NOT_LOGGED_IN = "401 \\(Unauthorized\\)"


async def test_the_link_of_the_demo_logs_in_once_and_lands_on_a_page_that_moves(demo: Demo) -> None:
    async with demo.visit() as first:
        await first.page.goto(demo.link)
        await expect(first.page.get_by_role("navigation", name="Main")).to_be_visible()
        await expect(first.page.get_by_role("group", name="MAIN → BACKUP")).to_contain_text("streaming")
        await expect(first.page.locator(".feed")).to_contain_text("live")
    async with demo.visit() as second:
        second.expected.append(NOT_LOGGED_IN)
        await second.page.goto(demo.link)
        await expect(second.page.get_by_role("alert")).to_contain_text("used already")


async def test_a_pasted_token_logs_in_and_logging_out_ends_it(demo: Demo) -> None:
    async with demo.visit() as watched:
        watched.expected.append(NOT_LOGGED_IN)
        page = watched.page
        await page.goto(demo.base)
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await watched.accessible()
        await page.get_by_label("Token").fill("not.a.token")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.get_by_label("Token").fill(f"Bearer {TOKEN}")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("group", name="MAIN → BACKUP")).to_contain_text("streaming")
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()


async def test_a_view_is_named_by_its_address(watched: Watched) -> None:
    await watched.go("tables", "Tables")
    await watched.page.reload()
    await expect(watched.page.get_by_role("heading", level=1, name="Tables")).to_be_visible()
