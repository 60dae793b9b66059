from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.databases import Pair
from tests.running import Shell


@pytest.fixture
def nowhere(tmp_path: Path) -> Shell:
    """A folder with no databases and no settings."""
    return Shell(tmp_path, {})


@pytest.fixture
def shell(tmp_path: Path, pair: Pair) -> Shell:
    return Shell(tmp_path, {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})


async def test_help_and_version(nowhere: Shell) -> None:
    shown = await nowhere("--help")
    assert (shown.code, shown.err) == (0, "")
    for command in ("run", "install-triggers", "status", "doctor"):
        assert command in shown.out
    assert (await nowhere("--version")).out.startswith("cdc, version ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["status", "--loud"],
        ["run", "--first-contact", "both"],
        ["resolve", "Product"],
        ["policy", "Product", "PERHAPS"],
        ["sync"],
    ],
)
async def test_wrong_usage(nowhere: Shell, arguments: list[str]) -> None:
    ended = await nowhere(*arguments)
    assert ended.code == 2
    assert "Usage:" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["run", "status", "doctor", "install-triggers"])
async def test_invalid_settings_stop_every_command_with_a_line_each(nowhere: Shell, command: str) -> None:
    ended = await nowhere(
        command,
        PORT="many",
        SYNC_MAX_FAILURES="0",
        DATABASE_URL="mysql://u:hunter2@h/d",
        BACKUP_DATABASE_URL="postgresql://h/d",
    )
    assert ended.code == 2
    assert ended.out == ""
    lines = ended.err.splitlines()
    assert sorted(line.split(":")[0] for line in lines[:3]) == ["DATABASE_URL", "PORT", "SYNC_MAX_FAILURES"]
    assert "hunter2" not in ended.err
    assert "Traceback" not in ended.err


async def test_one_database_alone_is_refused(nowhere: Shell) -> None:
    ended = await nowhere("run", DATABASE_URL="postgresql://h/d")
    assert ended.code == 2
    assert ended.err.startswith("BACKUP_DATABASE_URL: is not set")


async def test_without_any_database_commands_say_how_to_get_one(nowhere: Shell) -> None:
    ended = await nowhere("status")
    assert ended.code == 2
    assert "cdc run" in ended.err
    assert not list(nowhere.folder.iterdir())


async def test_a_database_that_is_away_is_a_failure_without_a_traceback(nowhere: Shell) -> None:
    urls = {
        "DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/d",
        "BACKUP_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/e",
    }
    ended = await nowhere("pause", **urls)
    assert ended.code == 1
    assert ended.err.startswith("MAIN cannot be reached")
    assert "hunter2" not in ended.err
    assert "Traceback" not in ended.err
    status = await nowhere("status", "--json", **urls)
    assert status.code == 0
    assert status.json["databases"]["MAIN"]["connected"] is False


async def test_two_names_for_one_database(shell: Shell, pair: Pair) -> None:
    other = pair.main_url.replace("?host=", "?application_name=x&host=").replace("/socket", "/./socket")
    ended = await shell("install-triggers", BACKUP_DATABASE_URL=other)
    assert ended.code == 2
    assert "leads to the same database" in ended.err


async def test_commands_before_anything_is_installed(shell: Shell) -> None:
    status = await shell("status", "--json")
    assert (status.code, status.json["state"]) == (0, "notRunning")
    assert any("not installed" in problem["message"] for problem in status.json["problems"])
    for arguments in (
        ["pause"],
        ["conflicts"],
        ["policy"],
        ["sync", "--once"],
        ["resolve", "a", "1", "MAIN"],
    ):
        ended = await shell(*arguments)
        assert ended.code == 1, arguments
        assert "schema cdc is not installed" in ended.err


async def test_installing_choosing_tables_and_uninstalling(shell: Shell, pair: Pair) -> None:
    for connection in (pair.main, pair.backup):
        await connection.execute("CREATE TABLE product (id serial PRIMARY KEY); CREATE TABLE log (line text)")
    shown = await shell("install-triggers")
    assert shown.code == 0
    assert "product" in shown.out
    assert "captured" in shown.out
    chosen = await shell("install-triggers", "--exclude", "log", "--interleave-sequences", "--json")
    states = {table["entity"]: table["state"] for table in chosen.json["MAIN"]["tables"]}
    assert states == {"product": "captured", "log": "excluded"}
    again = await shell("install-triggers", "--json")
    assert {t["entity"]: t["state"] for t in again.json["BACKUP"]["tables"]} == states
    assert await pair.main.fetchval("SELECT nextval('product_id_seq')") % 2 == 1
    assert await pair.backup.fetchval("SELECT nextval('product_id_seq')") % 2 == 0
    assert (await shell("uninstall-triggers")).code == 0
    for connection in (pair.main, pair.backup):
        assert await connection.fetchval("SELECT to_regnamespace('cdc')") is None


async def test_uninstalling_refuses_while_something_would_be_lost(shell: Shell, pair: Pair) -> None:
    for connection in (pair.main, pair.backup):
        await connection.execute("CREATE TABLE product (id int PRIMARY KEY)")
    await shell("install-triggers")
    await pair.main.execute("INSERT INTO product VALUES (1)")
    refused = await shell("uninstall-triggers")
    assert refused.code == 1
    assert "--force" in refused.err
    assert (await shell("uninstall-triggers", "--force")).code == 0


async def test_policies(shell: Shell, pair: Pair) -> None:
    await pair.main.execute('CREATE TABLE "Product" (id int PRIMARY KEY)')
    await shell("install-triggers")
    assert (await shell("policy", "--json")).json == {"*": "MANUAL"}
    assert (await shell("policy", "Product", "MAIN_WINS", "--json")).json == {"Product": "MAIN_WINS"}
    assert (await shell("policy", "--json")).json == {"*": "MANUAL", "Product": "MAIN_WINS"}
    unknown = await shell("policy", "product", "MAIN_WINS")
    assert unknown.code == 2
    assert "no captured table product" in unknown.err


async def test_pausing_survives_and_status_shows_it(shell: Shell) -> None:
    await shell("install-triggers")
    assert (await shell("pause", "--json")).json == {"paused": ["MAIN_TO_BACKUP", "BACKUP_TO_MAIN"]}
    status = (await shell("status", "--json")).json
    assert {link["state"] for link in status["sync"]["links"].values()} == {"paused"}
    assert (await shell("sync", "--once")).code == 1
    await shell("resume", "--link", "MAIN_TO_BACKUP")
    status = (await shell("status", "--json")).json
    assert status["sync"]["links"]["BACKUP_TO_MAIN"]["state"] == "paused"
    assert status["sync"]["links"]["MAIN_TO_BACKUP"]["state"] != "paused"


async def test_the_doctor(shell: Shell, nowhere: Shell) -> None:
    healthy = await shell("doctor", "--json")
    assert healthy.code == 0
    assert {finding["subject"] for finding in healthy.json["findings"]} >= {"MAIN", "BACKUP", "both"}
    ill = await nowhere(
        "doctor",
        "--json",
        DATABASE_URL="postgresql://127.0.0.1:1/d",
        BACKUP_DATABASE_URL="postgresql://127.0.0.1:1/e",
    )
    assert ill.code == 1
    assert [f for f in json.loads(ill.out)["findings"] if f["severity"] == "error"]
