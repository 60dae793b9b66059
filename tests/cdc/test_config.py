from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from cdc import config
from cdc.errors import ConfigurationError
from cdc.model import Policy, Side
from cdc.policy import PolicyRule
from tests.databases import Pair
from triggers.install import install

AT = datetime(2026, 1, 1, tzinfo=UTC)


def row(key: str, value: str, by: str = "ann") -> dict[str, Any]:
    return {"key": key, "value": value, "updated_at": AT, "updated_by": by}


def test_rows_become_decisions() -> None:
    found = config.interpret(
        [
            row("pause:MAIN", "true"),
            row("resume:BACKUP", "true", "bob"),
            row("policy:*", '"BACKUP_WINS"'),
            row("policy:shop.a:b", '"MAIN_WINS"'),
            row("tables", '{"include": ["Product"], "exclude": []}'),
            row("service", '{"phase": "running"}'),
        ]
    )
    assert found.pauses == {Side.MAIN: config.Note("ann", AT)}
    assert found.resumes == {Side.BACKUP: config.Note("bob", AT)}
    assert found.policy("shop.a:b") == PolicyRule(Policy.MAIN_WINS)
    assert found.policy("Other") == PolicyRule(Policy.BACKUP_WINS)
    assert found.tables == config.TableChoice(("Product",), ())
    assert (found.service, found.service_at) == ({"phase": "running"}, AT)


def test_what_another_version_wrote_is_left_alone() -> None:
    found = config.interpret(
        [row("pause:ELSEWHERE", "true"), row("policy:Product", '"LATEST_WINS"'), row("weather", "{}")]
    )
    assert found == config.Config()
    assert found.policy("Product") == PolicyRule()


@pytest.fixture
async def main(pair: Pair) -> asyncpg.Connection[asyncpg.Record]:
    await install(pair.main, side="MAIN", schemas=["public"])
    return pair.main


async def test_pausing_and_resuming(main: asyncpg.Connection[asyncpg.Record]) -> None:
    await config.pause(main, list(Side), "ann")
    found = await config.read(main)
    assert {side: note.by for side, note in found.pauses.items()} == {Side.MAIN: "ann", Side.BACKUP: "ann"}
    assert await config.is_paused(main, Side.BACKUP)
    await config.resume(main, [Side.BACKUP], "bob")
    found = await config.read(main)
    assert set(found.pauses) == {Side.MAIN}
    assert found.resumes[Side.BACKUP].by == "bob"
    first = found.resumes[Side.BACKUP].at
    await config.resume(main, [Side.BACKUP], "bob")
    assert (await config.read(main)).resumes[Side.BACKUP].at > first


async def test_a_direction_that_is_needed_pauses_both_links(main: asyncpg.Connection[asyncpg.Record]) -> None:
    await config.pause(main, [Side.MAIN], "ann")
    await config.await_direction(main, "BACKUP was restored", "bob")
    found = await config.read(main)
    assert found.direction is not None
    assert {side: note.reason for side, note in found.pauses.items()} == dict.fromkeys(
        Side, "BACKUP was restored"
    )
    with pytest.raises(ConfigurationError, match="BACKUP was restored") as refused:
        await config.resume(main, list(Side), "ann")
    assert "resync" in refused.value.hint
    await config.direction_chosen(main)
    found = await config.read(main)
    assert (found.direction, set(found.pauses)) == (None, {Side.MAIN})


async def test_policies_and_tables(main: asyncpg.Connection[asyncpg.Record]) -> None:
    await config.set_policy(main, "Product", PolicyRule(Policy.MAIN_WINS), "ann")
    await config.set_policy(main, "Product", PolicyRule(Policy.BACKUP_WINS), "ann")
    await config.choose_tables(main, ["Product", "Sale"], ["Log"], "ann")
    assert await config.policies(main) == {"Product": PolicyRule(Policy.BACKUP_WINS)}
    assert (await config.read(main)).tables == config.TableChoice(("Product", "Sale"), ("Log",))


async def test_every_decision_wakes_who_listens_and_publishing_does_not(
    pair: Pair, main: asyncpg.Connection[asyncpg.Record]
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await pair.connect(Side.MAIN)
    await listener.add_listener(config.CHANNEL, lambda *_: heard.put_nowait("woken"))
    await config.publish(main, {"phase": "running"}, "host:1")
    assert (await config.read(main)).service == {"phase": "running"}
    for decide in (
        config.pause(main, [Side.MAIN], "ann"),
        config.resume(main, [Side.MAIN], "ann"),
        config.set_policy(main, "*", PolicyRule(Policy.MAIN_WINS), "ann"),
    ):
        await decide
        assert await asyncio.wait_for(heard.get(), 60) == "woken"
    # Notifications come in order: had publishing sent one, there would be one more than decisions.
    assert heard.empty()
