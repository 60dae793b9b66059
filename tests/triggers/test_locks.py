from __future__ import annotations

import asyncio

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.triggers.changes import until
from triggers.errors import TriggerError
from triggers.locks import Patience, blockers, install_lock, patiently, transaction

pytestmark = pytest.mark.untouched


async def test_a_transaction_of_ours_ignores_the_sessions_settings(pair: Pair) -> None:
    db = pair.main
    await db.execute("SET search_path = nowhere; SET lock_timeout = '1h'; SET statement_timeout = '1h'")
    names = ("search_path", "lock_timeout", "statement_timeout", "row_security", "transaction_isolation")
    before = [await db.fetchval("SELECT current_setting($1)", name) for name in names]
    async with transaction(db, lock_ms=70):
        inside = [await db.fetchval("SELECT current_setting($1)", name) for name in names]
    assert inside == ["pg_catalog, pg_temp", "70ms", "0", "off", "read committed"]
    assert [await db.fetchval("SELECT current_setting($1)", name) for name in names] == before


async def test_the_work_is_tried_until_the_lock_is_free(pair: Pair) -> None:
    db, other = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE t (id int)")
    holding = other.transaction()
    await holding.start()
    await other.execute("LOCK TABLE t")
    tries = 0

    async def work() -> str:
        nonlocal tries
        tries += 1
        await db.execute("INSERT INTO public.t VALUES (1); LOCK TABLE public.t IN SHARE MODE")
        return "done"

    working = asyncio.create_task(patiently(db, work, Patience()))
    await until(other, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND NOT granted)")
    assert await blockers(other, [await other.fetchval("SELECT 't'::regclass::oid")]) != ""
    await holding.rollback()
    assert await working == "done"
    assert tries >= 1
    assert await db.fetchval("SELECT count(*) FROM t") == 1


async def test_patience_ends(pair: Pair) -> None:
    db, other = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE t (id int)")
    async with other.transaction():
        await other.execute("LOCK TABLE t")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await patiently(db, lambda: db.execute("SELECT * FROM public.t"), Patience(0.1))
    assert await patiently(db, lambda: db.execute("SELECT * FROM public.t"), Patience(0)) == "SELECT 0"


async def test_one_installer_at_a_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triggers.locks.PATIENCE", 0.1)
    other = await pair.connect(Side.MAIN)
    async with install_lock(pair.main):
        with pytest.raises(TriggerError, match="Another installer"):
            async with install_lock(other):
                pass
    async with install_lock(other):
        pass


async def test_the_lock_goes_with_its_session(pair: Pair) -> None:
    doomed = await pair.connect(Side.MAIN)
    async with install_lock(doomed):
        doomed.terminate()
    async with install_lock(pair.main):
        pass
