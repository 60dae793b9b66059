"""Amounts of money under writers whose locale prints them otherwise: dots and commas exchanged, the sign behind."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cdc.model import Side
from tests.databases import Pair, Servers, make_cluster
from tests.hosts import Host
from tests.prepared import Prepared
from tests.roles import Role, pair_of
from tests.synced import synced
from tests.system.test_types import Work, deletes, inserts, nulls, table_of, updates, writer
from tests.system.type_values import FAMILIES
from tests.watchdog import end

LOCALE = "de_DE.utf8"


@pytest.fixture
def locales(server_folder: Path) -> Path:
    """A folder with a locale of our own; most machines that tests run on have none but C."""
    program, folder = shutil.which("localedef"), server_folder / "locales"
    if program is None:
        pytest.skip("left out: there is no localedef to make a locale with")
    folder.mkdir()
    made = subprocess.run(
        [program, "-i", "de_DE", "-f", "UTF-8", folder / LOCALE], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"left out: no locale could be made: {made.stderr}")
    for each in (folder, *folder.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)
    return folder


@pytest.fixture
async def elsewhere(
    locales: Path, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    """Databases on servers of this test, which know the locale."""
    monkeypatch.setenv("LOCPATH", str(locales))
    clusters = [make_cluster(side.lower(), server_folder, Prepared) for side in Side]
    await asyncio.gather(*(cluster.start() for cluster in clusters))
    main, backup = [Host(side, own.url(), own) for side, own in zip(Side, clusters, strict=True)]
    try:
        async with pair_of(Servers(main, backup, prefix="cdc_test_template"), Role.SUPERUSER) as fresh:
            yield fresh
    finally:
        await asyncio.gather(*(cluster.kill() for cluster in clusters))
        end(server_folder)


async def test_amounts_under_a_locale_that_prints_them_otherwise(elsewhere: Pair) -> None:
    (kind,) = (kind for kind in FAMILIES["numbers"] if kind.name == "money")
    table = f"{table_of(kind)} (id int PRIMARY KEY, v money)"
    setup = f"CREATE SCHEMA expected; CREATE TABLE {table}; CREATE TABLE expected.{table}"
    async with synced(elsewhere, setup) as both:
        writers = {side: await writer(elsewhere, side) for side in Side}
        for each in writers.values():
            await each.execute("SELECT set_config('lc_monetary', $1, false)", LOCALE)
            assert await each.fetchval("SELECT 1234.5::numeric::money::text") == "1.234,50 €"
        work = Work(both, [kind], writers)
        for phase in (inserts, updates, nulls, deletes):
            await work.write(list(phase(kind)), one_by_one=phase is updates)
            await work.check()
