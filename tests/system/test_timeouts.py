"""Settings of roles and databases: ours do not depend on them, and applications with short timeouts get through."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from cdc.model import Side
from cdc.session import connect
from cdc.stats import Options
from tests.databases import Pair
from tests.hosts import Connection
from tests.live import equal, running, until
from tests.running import Shell
from tests.synced import endpoints, synced
from triggers.identifiers import identifier

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, v text, w text);
CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t);
INSERT INTO t SELECT i, 'x', repeat('w', 100) FROM generate_series(1, 3000) i;
"""
STRICT = {
    "lock_timeout": "10ms",
    "statement_timeout": "50ms",
    "idle_in_transaction_session_timeout": "50ms",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "client_min_messages": "error",
}
NO_MATTER = {"escape_string_warning", "client_min_messages"}
NEWER = {14: {"idle_session_timeout": "300ms"}, 17: {"transaction_timeout": "300ms"}}


def strict(version: int) -> dict[str, str]:
    """Settings in which a session of an hour with transactions of a second cannot do its work."""
    return STRICT | {
        name: value for first, more in NEWER.items() if version >= first for name, value in more.items()
    }


async def make_strict(pair: Pair) -> None:
    """Let every new session begin like that. What is connected already stays as it is."""
    for side in Side:
        connection = pair.connection(side)
        for name, value in strict(connection.get_server_version().major).items():
            await connection.execute(f"ALTER DATABASE {identifier(pair.name)} SET {name} = '{value}'")


async def test_no_session_of_ours_takes_them_over(pair: Pair) -> None:
    names = list(strict(pair.main.get_server_version().major))
    begun = []
    for _ in range(2):
        connection = await connect(endpoints(pair)[0], "test")
        begun.append({name: await connection.fetchval(f"SHOW {name}") for name in names})
        await connection.close()
        await make_strict(pair)
    assert {name for name in names if begun[0][name] != begun[1][name]} == NO_MATTER


async def test_links_work_under_them(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=Options(interval_s=3600)) as both:
        await make_strict(pair)
        async with running(both):
            writer = both.main
            async with writer.transaction():
                # Until its end a listener that falls asleep waits for a lock, and the other one sleeps all the time.
                await writer.execute("UPDATE t SET v = 'early' WHERE id = 1")
                await writer.execute("SELECT pg_sleep(0.4)")
            await both.main.execute("UPDATE t SET v = v || '.' WHERE id > 2")
            await equal(both, "t")
            await both.assert_no_conflicts()


async def test_the_service_and_commands_work_under_them(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(SCHEMA)
    await make_strict(pair)
    shell = Shell(tmp_path, {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})

    async def done(*arguments: str) -> None:
        ended = await shell(*arguments)
        assert ended.code == 0, (arguments, ended.out, ended.err)

    async with shell.service() as service:
        await service.streaming()
        for side, value in ((Side.MAIN, "main"), (Side.BACKUP, "backup")):
            await pair.connection(side).execute("UPDATE t SET v = $1 WHERE id <= 10", value)
        await service.state(lambda found: found["openConflicts"] == 10)
        await done("resolve", "--all", "t", "BACKUP", "--yes")
        await done("backup")
        file = max((tmp_path / "backups").glob("backup-*.json.gz"))
        await pair.main.execute("DELETE FROM t")
        await done("restore", file.name, "--target", "MAIN", "--yes")
        assert await service.end() == 0
    await done("resync", "BACKUP")
    assert await pair.backup.fetchval("SELECT count(*) FROM t") == 3000


async def write_impatiently(
    connection: Connection, rows: int, stop: asyncio.Event, met: Counter[str]
) -> None:
    """An application that waits for nobody longer than 300 ms, and counts what becomes of its statements."""
    await connection.execute("SET lock_timeout = '300ms'; SET statement_timeout = '300ms'")
    number = 1
    while not stop.is_set():
        number = (number * 7919 + 13) % rows + 1
        try:
            await connection.execute("UPDATE t SET w = $1 WHERE id = $2", str(number), number)
            met["written"] += 1
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
            met["refused"] += 1


async def test_an_impatient_application_beside_a_large_transaction(pair: Pair) -> None:
    """It is applied in batches, and no row is held for longer than one of them takes."""
    rows = 10_000
    schema = SCHEMA.replace("3000", str(rows))
    async with synced(pair, schema, options=Options(interval_s=3600, batch_rows=1000)) as both, running(both):
        stop, met = asyncio.Event(), Counter[str]()
        application = await pair.connect(Side.BACKUP)
        writing = asyncio.create_task(write_impatiently(application, rows, stop, met))
        await pair.main.execute("UPDATE t SET v = 'all'")

        async def over() -> bool:
            return await both.applied(Side.MAIN) >= rows

        await until(over)
        stop.set()
        await writing
        assert met["written"] > 50
        assert met["refused"] == 0


SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW WHEN (current_setting('cdc.applying', true) = 'on')
EXECUTE FUNCTION slow();
ALTER TABLE t ENABLE ALWAYS TRIGGER slow;
"""


@pytest.mark.granted("the table's own trigger would make it wait")
async def test_an_impatient_application_beside_a_batch_that_lasts(pair: Pair) -> None:
    """Its own timeout ends its statement, as beside any transaction; without one it waits, and nothing fails."""
    rows = 300
    schema = SCHEMA.replace("3000", str(rows))
    async with synced(pair, schema, options=Options(interval_s=3600)) as both, running(both):
        await pair.backup.execute(SLOW)
        stop, met = asyncio.Event(), Counter[str]()
        application, patient = await pair.connect(Side.BACKUP), await pair.connect(Side.BACKUP)
        writing = asyncio.create_task(write_impatiently(application, rows, stop, met))
        await pair.main.execute("UPDATE t SET v = 'all'")

        async def refused() -> bool:
            return met["refused"] > 0

        await until(refused)
        await patient.execute("UPDATE t SET w = 'patient'")

        async def over() -> bool:
            return await both.applied(Side.MAIN) >= rows

        await until(over)
        written = met["written"]

        async def written_again() -> bool:
            return met["written"] > written

        await until(written_again)
        stop.set()
        await writing
