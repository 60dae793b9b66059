from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cdc.model import Side
from server.demo import dispute
from server.demo.assortment import CATEGORIES, HAPPY_HOUR, ITEMS
from server.demo.cuid import cuids
from server.demo.greeting import greeting
from server.demo.history import History
from server.demo.seed import furnish, prepare
from server.demo.traffic import Pace, run
from tests.databases import Pair
from tests.hosts import Connection
from triggers.install import install
from triggers.statements import statement

NOW = datetime(2026, 3, 7, 20, 15, tzinfo=UTC)
TABLES = (
    "Employee",
    "Category",
    "Product",
    "Customer",
    "SnookerTable",
    "TableSession",
    "Sale",
    "SaleItem",
    "Payment",
    "StockMovement",
)
QUICK = Pace(till=0.004, office=0.004, dispute=0.01, first_dispute=0.0)


async def until(condition: Callable[[], Awaitable[bool]], *, within: float = 30) -> None:
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110  # the condition is a question to a database
            await asyncio.sleep(0.02)


async def count(connection: Connection, what: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {what}"))


async def meet(pair: Pair) -> None:
    """Both sides hold the club and say that first contact is behind them."""
    for side in Side:
        connection = pair.connection(side)
        await furnish(connection, NOW)
        await install(connection, side=side, schemas=("public",))
        await connection.execute("UPDATE cdc.node SET first_contact = 'done'")


@asynccontextmanager
async def traffic(pair: Pair, pace: Pace = QUICK) -> AsyncIterator[None]:
    task = asyncio.create_task(run(pair.main_url, pair.backup_url, pace=pace))
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_history_is_the_same_for_the_same_instant() -> None:
    assert History(NOW).tables() == History(NOW).tables()
    assert History(NOW).tables() != History(NOW, seed=1).tables()


def test_history_holds_a_few_thousand_rows_of_ten_tables() -> None:
    tables = {rows.table: rows for rows in History(NOW).tables()}
    assert tuple(tables) == TABLES
    assert 4_000 < sum(len(rows.values) for rows in tables.values()) < 12_000
    for rows in tables.values():
        assert {len(row) for row in rows.values} == {len(rows.columns)}


def test_history_ends_now() -> None:
    instants = [
        value
        for rows in History(NOW).tables()
        for row in rows.values
        for value in row
        if isinstance(value, datetime)
    ]
    assert max(instants) <= NOW
    assert NOW - max(instants) < timedelta(days=1)


def test_price_list_has_no_double_and_no_stray() -> None:
    assert len({item.sku for item in ITEMS}) == len(ITEMS)
    assert {item.category for item in ITEMS} <= {name for name, _ in CATEGORIES}
    assert sum(HAPPY_HOUR in item.tags for item in ITEMS) > dispute.OPEN_AT_MOST


def test_cuids_are_unique_rising_and_of_prismas_form() -> None:
    make = cuids(random.Random(1))
    keys = [make(NOW + timedelta(milliseconds=number // 10)) for number in range(5_000)]
    assert len(set(keys)) == 5_000
    assert [key[:9] for key in keys] == sorted(key[:9] for key in keys)
    assert all(len(key) == 25 and key[0] == "c" and key.isalnum() and key.islower() for key in keys)


LINK = "http://127.0.0.1:3001/login?code=once"


@pytest.fixture
def plain() -> str:
    return greeting("postgresql://postgres@/cdc?host=/tmp/a&port=1", "postgresql:///b", LINK).plain


def test_greeting_names_both_databases_and_where_to_look(plain: str) -> None:
    assert "psql 'postgresql://postgres@/cdc?host=/tmp/a&port=1'" in plain
    assert "psql postgresql:///b" in plain
    assert LINK in plain
    assert "$(.venv/bin/cdc token)" in plain
    assert "http://127.0.0.1:3001/backup/status" in plain
    assert ".venv/bin/cdc status" in plain
    assert ".venv/bin/cdc conflicts" in plain
    assert len(plain.splitlines()) <= 12


def test_greeting_tells_when_nobody_writes() -> None:
    assert "DEMO_TRAFFIC=false" in greeting("a", "b", LINK, busy=False).plain


def test_greeting_shortens_the_path_of_psql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = greeting("a", "b", LINK, psql=str(tmp_path / ".venv/bin/psql")).plain
    assert " .venv/bin/psql a" in shown
    assert " /usr/bin/psql a" in greeting("a", "b", LINK, psql="/usr/bin/psql").plain


async def test_greetings_commands_name_what_exists(pair: Pair, plain: str) -> None:
    await furnish(pair.main, NOW)
    commands = [line.split(" -c ", 1)[1].strip("'") for line in plain.splitlines() if " -c " in line]
    assert await pair.main.execute(commands[0]) == "UPDATE 1"
    assert await pair.main.fetchrow(commands[1]) is not None


async def test_prepare_fills_an_empty_database_once(pair: Pair) -> None:
    assert await prepare(pair.main_url)
    counts = {table: await count(pair.main, f'"{table}"') for table in TABLES}
    assert all(counts.values())
    assert not await prepare(pair.main_url)
    assert counts == {table: await count(pair.main, f'"{table}"') for table in TABLES}
    totals = 'SELECT "saleId", sum("quantity" * "unitPrice" - "discount") FROM "SaleItem" GROUP BY 1'
    wrong = f'"Sale" AS s JOIN ({totals}) AS t (id, sum) USING (id) WHERE s."total" <> t.sum'
    assert await count(pair.main, wrong) == 0


async def test_prepare_leaves_a_database_in_use_alone(pair: Pair) -> None:
    await pair.main.execute("CREATE SCHEMA shop; CREATE TABLE shop.basket (id int)")
    assert not await prepare(pair.main_url)
    assert await count(pair.main, "pg_tables WHERE schemaname = 'public'") == 0


async def test_prepare_does_not_count_schema_cdc(pair: Pair) -> None:
    await pair.main.execute(statement("schema_001"))
    assert await prepare(pair.main_url)


async def test_two_that_prepare_at_once_make_one_club(pair: Pair) -> None:
    made = await asyncio.gather(prepare(pair.main_url), prepare(pair.main_url))
    assert sorted(made) == [False, True]


async def test_till_writes_to_main_and_office_to_backup(pair: Pair) -> None:
    await meet(pair)
    sold = await count(pair.main, "\"Sale\" WHERE status = 'PAID'")

    async def both_worked() -> bool:
        return (
            await count(pair.main, "\"Sale\" WHERE status = 'PAID'") >= sold + 20
            and await count(pair.main, '"StockMovement" WHERE "createdAt" > now() - interval \'1 hour\'') > 20
            and await count(pair.backup, "\"TableSession\" WHERE status = 'PLAYING'") >= 3
            and await count(pair.backup, f'"Product" WHERE "updatedAt" > timestamptz \'{NOW}\'') > 5
            and await count(pair.backup, f'"Customer" WHERE "updatedAt" > timestamptz \'{NOW}\'') > 5
        )

    async with traffic(pair):
        await until(both_worked)
    # What one side writes the other leaves alone, but for the drinks that they quarrel over.
    assert await count(pair.backup, "\"Sale\" WHERE status = 'PAID'") == sold
    assert await count(pair.main, f'"Customer" WHERE "updatedAt" > timestamptz \'{NOW}\'') == 0
    changed = await pair.main.fetch(f'SELECT tags FROM "Product" WHERE "updatedAt" > timestamptz \'{NOW}\'')
    assert all(HAPPY_HOUR in row["tags"] for row in changed)


async def test_disputes_arise_and_stay_bounded(pair: Pair) -> None:
    await meet(pair)

    async def enough() -> bool:
        return len((await dispute.disputed(pair.main, pair.backup))[0]) >= dispute.OPEN_AT_MOST

    async with traffic(pair):
        await until(enough)
    chance = random.Random(2)
    assert await dispute.reprice(pair.main, pair.backup, chance) is None
    differing, _ = await dispute.disputed(pair.main, pair.backup)
    assert len(differing) == dispute.OPEN_AT_MOST
    # A person takes MAIN's version of one: there is room for the next.
    key = min(differing)
    chosen = await pair.main.fetchrow(
        'SELECT "id", "price", "attributes", "updatedAt" FROM "Product" WHERE "id" = $1', key
    )
    assert chosen is not None
    await pair.backup.execute(
        'UPDATE "Product" SET "price" = $2, "attributes" = $3, "updatedAt" = $4 WHERE "id" = $1',
        *chosen,
    )
    assert await dispute.reprice(pair.main, pair.backup, chance) is not None


@pytest.mark.parametrize(
    "unready",
    [
        "UPDATE cdc.node SET first_contact = 'copying'",
        'DROP TRIGGER cdc_capture_update ON "Customer"',
        "DROP SCHEMA cdc CASCADE",
    ],
)
async def test_office_waits_until_the_sides_have_met(pair: Pair, unready: str) -> None:
    await meet(pair)
    await pair.backup.execute(unready)
    before = await count(pair.main, '"SaleItem"')

    async def till_worked() -> bool:
        return await count(pair.main, '"SaleItem"') > before + 30

    async with traffic(pair):
        await until(till_worked)
    assert await count(pair.backup, f'"Customer" WHERE "updatedAt" > timestamptz \'{NOW}\'') == 0
    assert await count(pair.backup, "\"TableSession\" WHERE status = 'PLAYING'") == 0


async def test_traffic_goes_on_after_its_connections_were_cut(pair: Pair) -> None:
    await meet(pair)

    async def worked(beyond: int) -> bool:
        return await count(pair.main, '"SaleItem"') > beyond

    async with traffic(pair):
        before = await count(pair.main, '"SaleItem"')
        await until(lambda: worked(before))
        cut = "pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'snooker%'"
        for side in Side:
            await pair.connection(side).execute(f"SELECT pg_terminate_backend(pid) FROM {cut}")
        after = await count(pair.main, '"SaleItem"')
        await until(lambda: worked(after))
