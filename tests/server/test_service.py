from __future__ import annotations

import signal
import socket
from pathlib import Path

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import OwnServers, Pair
from tests.hosts import Connection
from tests.running import Shell, link_states, until

TABLE = "CREATE TABLE product (id int PRIMARY KEY, name text)"


@pytest.fixture
async def shell(tmp_path: Path, pair: Pair) -> Shell:
    """A product table on MAIN with one row, and nothing on BACKUP."""
    await pair.main.execute(f"{TABLE}; INSERT INTO product VALUES (1, 'chalk')")
    return Shell(tmp_path, {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})


async def arrives(connection: Connection, number: int) -> None:
    """Wait until a product is there."""

    async def there() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM product WHERE id = $1", number))

    await until(there)


async def test_from_nothing_to_both_ways_and_a_clean_end(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        await arrives(pair.backup, 1)
        await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
        await pair.backup.execute("INSERT INTO product VALUES (3, 'ball')")
        await arrives(pair.backup, 2)
        await arrives(pair.main, 3)
        found = await service.state(
            lambda status: all(link["appliedTotal"] == 1 for link in status["sync"]["links"].values())
        )
        assert (found["state"], found["openConflicts"], found["problems"]) == ("running", 0, [])
        shown = (await shell("status", "--json")).json
        assert (shown["state"], link_states(shown)) == ("running", {"streaming"})
        assert await service.end() == 0
    assert "Traceback" not in service.text
    assert (await shell("status", "--json")).json["state"] == "notRunning"
    held = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name LIKE 'cdc %' AND datname = current_database()"
    )
    for connection in (pair.main, pair.backup):

        async def left(connection: Connection = connection) -> bool:
            return bool(await connection.fetchval(held) == 0)

        await until(left)


async def test_with_an_hour_between_polls_every_change_arrives(shell: Shell, pair: Pair) -> None:
    """One after the other, and after each of the sessions that wake a link was cut."""
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND datname = $2"
    async with shell.service(SYNC_INTERVAL_MS="3600000") as service:
        await service.streaming()
        number = 1
        for session in ("", "cdc sleep lock", "cdc listener"):
            if session:
                assert await pair.main.fetchval(cut, session, pair.name) == 1
            for _ in range(5):
                for side in Side:
                    number += 1
                    await pair.connection(side).execute("INSERT INTO product VALUES ($1)", number)
                    await arrives(pair.connection(side.other), number)
        assert await service.end() == 0


async def test_it_ends_cleanly_on_ctrl_c_too(shell: Shell) -> None:
    async with shell.service() as service:
        await service.streaming()
        assert await service.end(signal.SIGINT) == 0
    assert "Traceback" not in service.text


async def test_it_goes_on_where_a_killed_one_left_off(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        assert await service.end(signal.SIGKILL) == -signal.SIGKILL
    await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
    async with shell.service() as service:
        await arrives(pair.backup, 2)
        assert await service.end() == 0


async def test_pausing_and_resuming_a_running_service(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        assert (await shell("pause", "--link", "MAIN_TO_BACKUP")).code == 0
        await service.said("link paused", link="MAIN_TO_BACKUP")
        await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
        await pair.backup.execute("INSERT INTO product VALUES (3, 'ball')")
        await arrives(pair.main, 3)  # the other direction goes on
        found = await service.state(lambda found: found["sync"]["links"]["MAIN_TO_BACKUP"]["pending"] == 1)
        assert found["state"] == "paused"
        assert not await pair.backup.fetchval("SELECT count(*) FROM product WHERE id = 2")
        assert (await shell("resume")).code == 0
        await arrives(pair.backup, 2)
        await service.streaming()


async def test_a_taken_port_is_named(shell: Shell, pair: Pair) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = await shell("run", PORT=str(port))
    assert ended.code == 2
    assert f"PORT: {port} on 127.0.0.1 is taken" in ended.err
    assert "Traceback" not in ended.err
    assert await pair.main.fetchval("SELECT to_regnamespace('cdc')") is None


async def test_one_database_under_two_names_stops_the_start(shell: Shell, pair: Pair) -> None:
    other = pair.main_url.replace("/socket", "/./socket")
    ended = await shell("run", PORT="0", BACKUP_DATABASE_URL=other)
    assert ended.code == 2
    assert "leads to the same database" in ended.err
    assert "Traceback" not in ended.err


async def test_a_second_instance_stands_by_and_takes_over(shell: Shell, pair: Pair) -> None:
    async with shell.service() as first:
        await first.streaming()
        async with shell.service() as second:
            await second.said("another instance works; standing by")
            standing = await second.status()
            assert (standing["state"], link_states(standing)) == ("standby", {"streaming"})
            await first.end(signal.SIGKILL)
            await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
            await arrives(pair.backup, 2)
            await second.streaming()
            assert await second.end() == 0


async def test_switched_off_it_only_tells(shell: Shell, pair: Pair) -> None:
    await shell("install-triggers")
    async with shell.service(ENABLE_BACKUP_SERVICE="false") as service:
        await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
        found = await service.state(lambda status: status["databases"]["MAIN"]["connected"])
        assert (found["enabled"], found["state"], link_states(found)) == (False, "disabled", {"stopped"})
        assert any("changelog" in problem["message"] for problem in found["problems"])
        assert await pair.backup.fetchval("SELECT to_regclass('product')") is None
        assert await pair.main.fetchval("SELECT count(*) FROM cdc.changelog") == 1
        assert await service.end() == 0


async def test_one_way_only(shell: Shell, pair: Pair) -> None:
    async with shell.service(ENABLE_TWO_WAY_SYNC="false") as service:
        await service.state(lambda status: status["sync"]["links"]["MAIN_TO_BACKUP"]["state"] == "streaming")
        await arrives(pair.backup, 1)
        triggers = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'cdc_capture%'"
        assert await pair.main.fetchval(triggers) == 4
        assert await pair.backup.fetchval(triggers) == 0
        await pair.backup.execute("UPDATE product SET name = 'theirs'")
        await pair.main.execute("UPDATE product SET name = 'ours'; INSERT INTO product VALUES (2, 'cue')")
        await arrives(pair.backup, 2)
        assert await pair.backup.fetchval("SELECT name FROM product WHERE id = 1") == "ours"
        kept = "SELECT count(*) FROM cdc.sync_state WHERE current ->> 'name' = 'theirs'"
        assert await pair.backup.fetchval(kept) == 1
        assert await service.end() == 0


async def test_new_tables_are_captured_while_it_runs(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        for connection in (pair.backup, pair.main):
            await connection.execute("CREATE TABLE sale (id int PRIMARY KEY)")
        for side in Side:
            await service.said("capturing", side=side.value, tables=2)
        await pair.main.execute("INSERT INTO sale VALUES (1)")

        async def there() -> bool:
            return bool(await pair.backup.fetchval("SELECT count(*) FROM sale") == 1)

        await until(there)


async def test_another_history_stops_a_link_until_somebody_resumes(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        token = await pair.main.fetchval("SELECT token FROM cdc.node")
        await pair.main.execute("UPDATE cdc.node SET token = gen_random_uuid()")
        await pair.main.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'cdc listener' AND datname = current_database()"
        )
        line = await service.said("link stopped", link="MAIN_TO_BACKUP")
        assert line["alert"] is True
        found = await service.state(lambda status: status["state"] == "stopped")
        assert any("cdc resync BACKUP" in problem["hint"] for problem in found["problems"])
        await pair.main.execute("UPDATE cdc.node SET token = $1", token)
        assert (await shell("resume")).code == 0
        await service.streaming()


async def test_a_server_that_goes_away_and_comes_back(tmp_path: Path, own_servers: OwnServers) -> None:
    urls = {"DATABASE_URL": own_servers.url(Side.MAIN), "BACKUP_DATABASE_URL": own_servers.url(Side.BACKUP)}
    main = await asyncpg.connect(urls["DATABASE_URL"])
    await main.execute(f"{TABLE}; INSERT INTO product VALUES (1, 'chalk')")
    shell = Shell(tmp_path, urls)
    async with shell.service(SYNC_MAX_FAILURES="2") as service:
        await service.streaming()
        await own_servers.backup.kill()
        await main.execute("INSERT INTO product VALUES (2, 'cue')")
        line = await service.said("link stopped", link="MAIN_TO_BACKUP")
        assert line["alert"] is True
        found = await service.state(lambda status: not status["databases"]["BACKUP"]["connected"])
        assert found["state"] == "stopped"
        assert found["databases"]["MAIN"]["connected"] is True
        await own_servers.backup.start()
        backup = await asyncpg.connect(urls["BACKUP_DATABASE_URL"])
        await arrives(backup, 2)
        await service.streaming()
        await backup.close()
        assert await service.end() == 0
    await main.close()


async def test_a_start_while_a_server_is_away(tmp_path: Path, own_servers: OwnServers) -> None:
    urls = {"DATABASE_URL": own_servers.url(Side.MAIN), "BACKUP_DATABASE_URL": own_servers.url(Side.BACKUP)}
    await own_servers.main.kill()
    async with Shell(tmp_path, urls).service() as service:
        await service.said("link failed, trying again", link="MAIN_TO_BACKUP")
        await own_servers.main.start()
        await service.streaming()
        assert await service.end() == 0


async def test_two_sides_that_differ_wait_for_a_choice(shell: Shell, pair: Pair) -> None:
    await pair.backup.execute(f"{TABLE}; INSERT INTO product VALUES (1, 'CHALK'), (9, 'extra')")
    async with shell.service() as service:
        found = await service.state(lambda status: status["state"] == "waiting")
        told = [problem for problem in found["problems"] if "product" in problem["message"]]
        assert told
        assert "--first-contact" in told[0]["hint"]
        assert await pair.backup.fetchval("SELECT name FROM product WHERE id = 1") == "CHALK"
        assert (await shell("status", "--json")).json["state"] == "waiting"
        assert await service.end() == 0
    async with shell.service("--first-contact", "main") as service:
        await service.streaming()
        assert await pair.backup.fetch("SELECT * FROM product") == [(1, "chalk")]
        assert await service.end() == 0


async def test_two_sides_that_were_made_equal_by_hand_go_on_at_resume(shell: Shell, pair: Pair) -> None:
    await pair.backup.execute(f"{TABLE}; INSERT INTO product VALUES (1, 'chalk'), (9, 'extra')")
    async with shell.service() as service:
        await service.state(lambda status: status["state"] == "waiting")
        await pair.backup.execute("DELETE FROM product WHERE id = 9")
        assert (await shell("resume")).code == 0
        await service.streaming()
        assert await service.end() == 0


async def test_conflicts_are_listed_and_resolved(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        await shell("pause")
        for side in Side:
            await service.said(
                "link paused", link="MAIN_TO_BACKUP" if side is Side.MAIN else "BACKUP_TO_MAIN"
            )
        await pair.main.execute("UPDATE product SET name = 'ours'")
        await pair.backup.execute("UPDATE product SET name = 'theirs'")
        await shell("resume")
        await service.state(lambda status: status["openConflicts"] == 1)
        listed = (await shell("conflicts", "--json")).json["items"]
        assert [(each["entity"], each["entityId"]) for each in listed] == [("product", "1")]
        assert (listed[0]["main"]["name"], listed[0]["backup"]["name"]) == ("ours", "theirs")
        assert "ours" in (await shell("conflicts", "product", "1")).out
        assert (await shell("conflicts", "product", "7")).code == 1
        assert (await shell("resolve", "product", "1", "BACKUP")).code == 0
        assert await pair.main.fetchval("SELECT name FROM product") == "theirs"
        await service.state(lambda status: status["openConflicts"] == 0)
        assert (await shell("resolve", "product", "1", "BACKUP")).code == 1
        assert "No open conflicts" in (await shell("conflicts")).out


async def test_a_round_without_and_with_a_service(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        await service.end()
    await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
    await pair.backup.execute("INSERT INTO product VALUES (3, 'ball')")
    done = await shell("sync", "--once", "--json")
    assert done.json == {"applied": {"MAIN_TO_BACKUP": 1, "BACKUP_TO_MAIN": 1}}
    assert await pair.backup.fetchval("SELECT count(*) FROM product") == 3
    async with shell.service() as service:
        await service.streaming()
        await pair.main.execute("INSERT INTO product VALUES (4, 'rest')")
        assert (await shell("sync", "--once")).code == 0
        assert await pair.backup.fetchval("SELECT count(*) FROM product") == 4
        assert (await shell("uninstall-triggers")).code == 1
