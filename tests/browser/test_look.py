"""How it looks and works for everyone: both themes, a phone, the keyboard, assistive technology."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.watched import PHONE, Demo, Watched

VIEWS = {
    "overview": None,
    "conflicts": "Conflicts",
    "snapshots": "Snapshots",
    "history": "History",
    "tables": "Tables",
    "settings": "Settings",
}
GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_view_has_serious_barriers(demo: Demo, theme: str) -> None:
    product = await demo.dispute("SOFT-005")
    async with demo.visit(color_scheme=theme) as watched:
        await watched.log_in()
        for place, heading in VIEWS.items():
            await watched.go(place, heading)
            await expect(watched.page.get_by_text("Loading")).to_have_count(0)
            await watched.accessible()
        await watched.go(f"conflicts/Product/{product.key}", "Conflicts")
        await expect(watched.page.get_by_role("article")).to_be_visible()
        await watched.page.keyboard.press("g")
        await expect(watched.page.get_by_text("still to choose")).to_be_visible()
        await watched.accessible()
        await watched.page.get_by_role("button", name="price: take MAIN's value").click()
        await watched.page.keyboard.press("a")
        await expect(watched.page.locator("#said")).to_contain_text("is decided")


async def test_the_theme_follows_the_system_until_one_is_chosen(demo: Demo) -> None:
    async with demo.visit(color_scheme="dark") as watched:
        await watched.log_in()
        await watched.go("settings", "Settings")
        page = watched.page
        dark = await page.evaluate(GROUND)
        await page.get_by_role("button", name="Theme: auto").click()
        await expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
        light = await page.evaluate(GROUND)
        assert dark != light
        await page.reload()
        assert await page.evaluate(GROUND) == light
        await page.keyboard.press("t")
        await expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
        assert await page.evaluate(GROUND) == dark


async def test_everything_fits_a_phone(demo: Demo) -> None:
    product = await demo.dispute("SOFT-006")
    async with demo.visit(viewport=PHONE, has_touch=True) as watched:
        await watched.log_in()
        for place, heading in {**VIEWS, f"conflicts/Product/{product.key}": "Conflicts"}.items():
            await watched.go(place, heading)
            await expect(watched.page.get_by_text("Loading")).to_have_count(0)
            too_wide = await watched.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert too_wide <= 0, place
        await watched.page.get_by_role("button", name="Take MAIN", exact=True).tap()
        await watched.page.get_by_role("button", name="Write MAIN's row to both sides").tap()
        await expect(watched.page.locator("#said")).to_contain_text("is decided")


async def test_the_keyboard_reaches_every_view_and_says_how(watched: Watched) -> None:
    await watched.go("overview")
    page = watched.page
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    await expect(sheet).to_contain_text("Pause or resume")
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    for key, heading in (("2", "Conflicts"), ("3", "Snapshots"), ("4", "History"), ("5", "Tables")):
        await page.keyboard.press(key)
        await expect(page.get_by_role("heading", level=1, name=heading)).to_be_focused()
    await page.keyboard.press("Tab")
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    assert await page.evaluate(ring) == "solid"
