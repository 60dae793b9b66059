"""What the page makes of values, asked of its own modules in the browser."""

from __future__ import annotations

from typing import Any

from tests.browser.watched import Watched

ASK = "async ([module, name, args]) => (await import(`/assets/${module}.js`))[name](...args)"


async def ask(watched: Watched, module: str, name: str, *arguments: Any) -> Any:
    if watched.page.url == "about:blank":
        await watched.go("settings")
    return await watched.page.evaluate(ASK, [module, name, arguments])


def marks(parts: list[dict[str, Any]]) -> str:
    return "".join(f"[{part['text']}]" if part["changed"] else part["text"] for part in parts)


async def test_json_is_laid_out_without_its_numbers_passing_through_a_float(watched: Watched) -> None:
    text = '{"n": 12345678901234567890.10, "e": [1e400, -0], "s": "a\\"{b", "o": {}}'
    laid_out = await ask(watched, "json", "laidOut", text)
    for part in ("12345678901234567890.10", "1e400", "-0", '"a\\"{b"', '"o": {}'):
        assert part in laid_out
    for other in ("plain", "{cold,soft}", "[1,2", '{"a": 1} {"b": 2}', "[1)", ""):
        assert await ask(watched, "json", "laidOut", other) is None


async def test_the_changed_part_of_a_text_is_marked(watched: Watched) -> None:
    before = "The bar and the office may both have edited this long note."
    after = "The till and the office may both have edited this note at once."
    found = await ask(watched, "diff", "marked", after, before)
    assert "".join(part["text"] for part in found) == after
    assert marks(found) == "The [till] and the office may both have edited this note[ at once]."
    assert marks(await ask(watched, "diff", "marked", "2.64", "2.40")) == "[2.64]"
    assert marks(await ask(watched, "diff", "marked", "same", "same")) == "same"


async def test_very_long_texts_are_compared_without_filling_memory(watched: Watched) -> None:
    long = " ".join(f"w{i}" for i in range(20_000))
    found = await ask(watched, "diff", "marked", f"new {long} end", f"old {long} stop")
    assert "".join(part["text"] for part in found) == f"new {long} end"
    assert marks(found).startswith("[new")


async def test_a_merge_takes_what_one_side_changed_and_asks_about_the_rest(watched: Watched) -> None:
    base = {"id": "1", "a": "x", "b": "y", "c": "z", "n": None}
    conflict = {
        "base": base,
        "main": {**base, "a": "main", "c": "main", "n": ""},
        "backup": {**base, "b": "backup", "c": "backup"},
    }
    open_ = await ask(watched, "merge", "resulting", conflict, "MERGE", {})
    assert open_["missing"] == ["c"]
    assert open_["row"] == {"id": "1", "a": "main", "b": "backup", "n": ""}
    chosen = {"c": {"side": "BACKUP"}, "a": {"value": None}}
    done = await ask(watched, "merge", "resulting", conflict, "MERGE", chosen)
    assert done == {"row": {"id": "1", "a": None, "b": "backup", "c": "backup", "n": ""}, "missing": []}
    assert await ask(watched, "merge", "valuesOf", conflict, chosen) == {"c": "backup", "a": None}
    assert await ask(watched, "merge", "resulting", {**conflict, "main": None}, "MAIN", {}) == {
        "row": None,
        "missing": [],
    }


async def test_times_are_shown_as_given_and_hover_has_both_zones(watched: Watched) -> None:
    given = "2026-07-01T23:30:00.123Z"
    assert await ask(watched, "time", "clock", given) == "2026-07-01 23:30:00 UTC"
    assert given in await ask(watched, "time", "zones", given)
    assert await ask(watched, "time", "clock", "2026-07-01T23:30:00+02:00") == "2026-07-01 23:30:00 +02:00"


async def test_sentences_say_what_is_the_matter(watched: Watched) -> None:
    link = {"state": "streaming", "pending": 0, "lagMs": 1, "lastAppliedAt": None}
    status = {
        "state": "running",
        "openConflicts": 0,
        "databases": {"MAIN": {"connected": True}, "BACKUP": {"connected": True}},
        "sync": {"twoWay": True, "links": {"MAIN_TO_BACKUP": link, "BACKUP_TO_MAIN": link}},
    }

    async def words(feed: str = "live", **changed: Any) -> str:
        return str((await ask(watched, "words", "headline", {**status, **changed}, feed))[1])

    assert await words() == "Both sides are equal."
    assert await words(openConflicts=1) == "1 row waits for your decision."
    assert await words(state="waiting") == "Both sides hold different data."
    assert await words(state="disabled") == "Sync is switched off."
    assert await words("away") == "The service does not answer."
    away = {"MAIN": {"connected": True}, "BACKUP": {"connected": False}}
    assert await words(databases=away) == "BACKUP cannot be reached."
    slow = {**link, "pending": 90_000, "lagMs": 60_000}
    behind = {"twoWay": True, "links": {"MAIN_TO_BACKUP": slow, "BACKUP_TO_MAIN": link}}
    assert await words(sync=behind) == "Catching up."
