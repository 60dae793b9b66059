from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdc.model import Side
from server.checkup import examine, judge_pair, judge_server
from server.settings import Settings
from tests.databases import Pair
from triggers.identifiers import identifier
from triggers.install import install

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "version_number": 180001,
    "version": "18.1",
    "role": "app",
    "may_create": True,
    "may_make_temporary": True,
    "prepared": 0,
    "temp_file_limit": -1,
    "fsync": True,
    "free_connections": 80,
    "in_recovery": False,
    "now": NOW,
    "encoding": "UTF8",
}


def test_a_good_server_gives_one_finding() -> None:
    assert [each.severity for each in judge_server(Side.MAIN, GOOD, may_replicate=True)] == ["ok"]


@pytest.mark.parametrize(
    ("fact", "severity", "said"),
    [
        ({"version_number": 120000, "version": "12.9"}, "error", "12.9 is too old"),
        ({"in_recovery": True}, "error", "standby"),
        ({"may_create": False}, "error", "may not create"),
        ({"may_make_temporary": False}, "error", "may not make temporary"),
        ({"prepared": 10}, "warning", "prepared transactions"),
        ({"temp_file_limit": 1024}, "warning", "temp_file_limit is 1024 kB"),
        ({"fsync": False}, "warning", "fsync is off"),
        ({"free_connections": 3}, "warning", "only 3 connections"),
    ],
)
def test_what_is_wrong_with_a_server(fact: dict[str, Any], severity: str, said: str) -> None:
    found = [
        each for each in judge_server(Side.BACKUP, GOOD | fact, may_replicate=True) if said in each.message
    ]
    assert [(each.subject, each.severity) for each in found] == [("BACKUP", severity)]
    assert found[0].hint


def test_a_role_without_the_right_to_replicate() -> None:
    found = [
        each for each in judge_server(Side.MAIN, GOOD, may_replicate=False) if each.severity == "warning"
    ]
    assert len(found) == 1


def test_servers_that_do_not_go_together() -> None:
    other = GOOD | {"encoding": "LATIN1", "now": NOW + timedelta(minutes=2)}
    found = list(judge_pair({Side.MAIN: GOOD, Side.BACKUP: other}))
    assert [each.severity for each in found] == ["warning", "warning"]
    assert "120.0 seconds" in found[1].message
    assert list(judge_pair({Side.MAIN: GOOD, Side.BACKUP: GOOD})) == []


async def test_a_real_pair_as_its_administrator(pair: Pair) -> None:
    found = await examine(
        Settings.model_validate({"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})
    )
    assert not [each for each in found if each.severity == "error"]
    assert [each.message for each in found if each.subject == "both"] == ["MAIN and BACKUP are two databases"]


async def test_a_real_pair_as_an_ordinary_owner(owner_pair: Pair) -> None:
    found = await examine(
        Settings.model_validate(
            {"DATABASE_URL": owner_pair.main_url, "BACKUP_DATABASE_URL": owner_pair.backup_url}
        )
    )
    assert not [each for each in found if each.severity == "error"]
    assert [each.subject for each in found if "session_replication_role" in each.message] == [
        "MAIN",
        "BACKUP",
    ]


async def test_rights_that_are_needed_and_one_that_was_needed_once(owner_pair: Pair) -> None:
    database, role = identifier(owner_pair.name), owner_pair.owner
    assert role is not None
    for side in Side:
        await install(owner_pair.connection(side), side=side, schemas=["public"])
        await owner_pair.administer(
            side,
            f"ALTER DATABASE {database} OWNER TO CURRENT_USER; REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
        )
    urls = {"DATABASE_URL": owner_pair.main_url, "BACKUP_DATABASE_URL": owner_pair.backup_url}
    found = await examine(Settings.model_validate(urls))
    errors = [each.hint for each in found if each.severity == "error"]
    assert errors == [f"GRANT TEMPORARY ON DATABASE ... TO {role.name}"] * 2
