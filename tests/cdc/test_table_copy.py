"""Rows of one snapshot on another database: all of them, once, however tables look and whoever writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from cdc import copy_tasks
from cdc.catalog import read_shapes
from cdc.errors import SchemaMismatch
from cdc.model import Entity, Side
from cdc.position import Seen
from cdc.session import Endpoint, connect
from cdc.shape import Shapes
from cdc.table_copy import copy_tables, exported_snapshot
from cdc.table_pair import TablePair, fits, pair, unsafe_in_binary
from tests import shop
from tests.databases import Pair
from tests.hosts import Connection
from tests.roles import make_replica

pytestmark = pytest.mark.untouched


async def shapes(endpoint: Endpoint) -> tuple[Shapes, set[int]]:
    connection = await connect(endpoint, "test")
    try:
        return await read_shapes(connection, endpoint.schemas), await unsafe_in_binary(
            connection, endpoint.schemas
        )
    finally:
        await connection.close()


async def pairs(main: Endpoint, backup: Endpoint, names: Sequence[str] = shop.TABLES) -> list[TablePair]:
    (here, unsafe), (there, _) = await shapes(main), await shapes(backup)
    sides = (Side.MAIN, Side.BACKUP)
    return [pair(Entity("public", name), sides, here, there, key=(), text_only=unsafe) for name in names]


async def copy(databases: Pair, names: Sequence[str] = shop.TABLES) -> tuple[int, str]:
    main, backup = shop.endpoints(databases)
    found = await pairs(main, backup, names)
    async with exported_snapshot(main, [one.source for one in found]) as snapshot:
        rows = await copy_tables(main, backup, snapshot, found, progress=lambda *_: None)
        return rows, snapshot.seen


@pytest.mark.granted("a circle of foreign keys that cannot be put off is refused")
async def test_every_kind_of_column_arrives_unchanged(pair: Pair) -> None:
    await shop.create(pair.main, 300)
    await shop.create(pair.backup)
    rows, _ = await copy(pair)
    here = await shop.content(pair.main)
    assert here == await shop.content(pair.backup)
    assert rows == sum(len(table) for table in here.values()) > 1000


async def test_by_a_role_that_an_administrator_made_a_replica(owner_pair: Pair) -> None:
    await shop.create(owner_pair.main, 300)
    await shop.create(owner_pair.backup)
    await make_replica(owner_pair)
    await copy(owner_pair)
    assert await shop.content(owner_pair.main) == await shop.content(owner_pair.backup)


async def test_columns_may_stand_in_another_order(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (a int, b text, gone int, c date); ALTER TABLE t DROP gone")
    await pair.main.execute("INSERT INTO t VALUES (1, 'x', '2020-01-02'), (NULL, NULL, NULL)")
    await pair.backup.execute("CREATE TABLE t (c date, extra text DEFAULT 'e', a bigint, b varchar)")
    assert (await copy(pair, ["t"]))[0] == 2
    rows = await pair.backup.fetch("SELECT a, b, c::text, extra FROM t ORDER BY a")
    assert [tuple(row) for row in rows] == [(1, "x", "2020-01-02", "e"), (None, None, None, "e")]


@pytest.mark.parametrize(
    ("here", "there", "named"),
    [
        ("a int, b numeric(10,2)", "a int, b numeric(8,2)", r"t\.b is numeric\(10,2\) on MAIN"),
        ("a int, b text", "a int", "BACKUP lacks the column b of t"),
        ("a int, b int", "a int, b int GENERATED ALWAYS AS (a) STORED", "generated on one side only"),
    ],
)
async def test_a_table_that_would_lose_values_is_named(pair: Pair, here: str, there: str, named: str) -> None:
    await pair.main.execute(f"CREATE TABLE t ({here})")
    await pair.backup.execute(f"CREATE TABLE t ({there})")
    with pytest.raises(SchemaMismatch, match=named) as refused:
        await copy(pair, ["t"])
    assert "migrations" in refused.value.hint


async def test_a_missing_table_is_named(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (a int)")
    with pytest.raises(SchemaMismatch, match="BACKUP has no table t"):
        await copy(pair, ["t"])


async def test_a_large_table_goes_in_parts(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_tasks, "PART_PAGES", 3)
    for connection in (pair.main, pair.backup):
        await connection.execute('CREATE TABLE "big one" (id int PRIMARY KEY, "a$1" text)')
    await pair.main.execute(
        "INSERT INTO \"big one\" SELECT i, repeat('x', 500) FROM generate_series(1, 500) i"
    )
    await pair.main.execute('DELETE FROM "big one" WHERE id % 3 = 0; ANALYZE "big one"')
    seen: list[tuple[str, int, int]] = []
    main, backup = shop.endpoints(pair)
    found = await pairs(main, backup, ["big one"])
    async with exported_snapshot(main, [found[0].source]) as snapshot:
        await copy_tables(main, backup, snapshot, found, progress=lambda *told: seen.append(told), workers=3)
    ids = 'SELECT array_agg(id ORDER BY id) FROM "big one"'
    assert await pair.backup.fetchval(ids) == await pair.main.fetchval(ids)
    assert seen[-1] == ("big one", 334, 334)
    assert all(done <= total for _, done, total in seen)


async def test_partitioned_tables_are_copied_through_their_root(pair: Pair) -> None:
    parts = "".join(f"CREATE TABLE p{n} PARTITION OF p FOR VALUES IN ({n});" for n in range(3))
    for connection in (pair.main, pair.backup):
        await connection.execute(f"CREATE TABLE p (id int, n int) PARTITION BY LIST (n); {parts}")
    await pair.main.execute("INSERT INTO p SELECT i, i % 3 FROM generate_series(1, 99) i")
    assert (await copy(pair, ["p"]))[0] == 99
    assert await pair.backup.fetchval("SELECT count(*) FROM p1") == 33


async def test_what_is_committed_after_the_snapshot_is_not_copied_and_not_seen(pair: Pair) -> None:
    """The snapshot is the border: each transaction is either in the copy or after the position."""
    for connection in (pair.main, pair.backup):
        await connection.execute("CREATE TABLE t (txid xid8 NOT NULL DEFAULT pg_current_xact_id(), n int)")
    stop = asyncio.Event()

    async def write(number: int) -> None:
        connection = await pair.connect(Side.MAIN)
        count = 0
        while not stop.is_set():
            async with connection.transaction():
                await connection.execute("INSERT INTO t (n) VALUES ($1)", number)
                count += 1
                if count % 3 == 0:
                    await connection.execute(
                        "INSERT INTO t (n) SELECT $1 FROM generate_series(1, 20)", number
                    )

    async def enough(rows: int) -> None:
        while await pair.main.fetchval("SELECT count(*) FROM t") < rows:
            await asyncio.wait({asyncio.create_task(asyncio.Event().wait())}, timeout=0.01)

    async with asyncio.TaskGroup() as writers:
        for number in range(4):
            writers.create_task(write(number))
        await enough(300)
        _, seen = await copy(pair, ["t"])
        await enough(await pair.main.fetchval("SELECT count(*) FROM t") + 300)
        stop.set()
    border = Seen.parse(seen)
    copied = {
        int(row["txid"]) for row in await pair.backup.fetch("SELECT DISTINCT txid::text AS txid FROM t")
    }
    written = {int(row["txid"]) for row in await pair.main.fetch("SELECT DISTINCT txid::text AS txid FROM t")}
    assert copied == {txid for txid in written if border.sees(txid)}
    assert copied
    assert written - copied


async def test_a_refused_row_stops_the_copy_with_the_servers_words(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (a int); INSERT INTO t SELECT i FROM generate_series(1, 50000) i")
    await pair.backup.execute("CREATE TABLE t (a int CHECK (a <> 777))")
    with pytest.raises(asyncpg.CheckViolationError):
        await copy(pair, ["t"])
    assert await pair.backup.fetchval("SELECT count(*) FROM t") == 0


async def circle_free(connection: Connection) -> None:
    await connection.execute('ALTER TABLE "Staff" DROP CONSTRAINT "Staff_teamId_fkey"')


async def test_a_plain_owner_copies_parents_first(owner_pair: Pair) -> None:
    for connection in (owner_pair.main, owner_pair.backup):
        await shop.create(connection)
        await circle_free(connection)
    await shop.fill(owner_pair.main, 200)
    await copy(owner_pair)
    assert await shop.content(owner_pair.main) == await shop.content(owner_pair.backup)


async def test_a_circle_that_a_plain_owner_cannot_put_off_is_named(owner_pair: Pair) -> None:
    await shop.create(owner_pair.main, 10)
    await shop.create(owner_pair.backup)
    with pytest.raises(SchemaMismatch, match="foreign keys of Staff, Team form a circle") as refused:
        await copy(owner_pair)
    assert "GRANT SET ON PARAMETER session_replication_role" in refused.value.hint


async def test_a_users_trigger_that_would_change_rows_is_named(owner_pair: Pair) -> None:
    for connection in (owner_pair.main, owner_pair.backup):
        await shop.create(connection)
        await connection.execute(
            'CREATE TRIGGER t BEFORE INSERT ON "Customer" FOR EACH ROW EXECUTE FUNCTION touch()'
        )
    with pytest.raises(SchemaMismatch, match="trigger t of Customer would fire"):
        await copy(owner_pair, ["Customer"])


@pytest.mark.granted("an owner without it is refused")
async def test_a_superuser_copies_past_triggers_and_circles(pair: Pair) -> None:
    for connection in (pair.main, pair.backup):
        await shop.create(connection)
    await shop.fill(pair.main, 50)
    await pair.backup.execute(
        'CREATE TRIGGER t BEFORE INSERT ON "Customer" FOR EACH ROW EXECUTE FUNCTION touch()'
    )
    await copy(pair)
    assert await shop.content(pair.main) == await shop.content(pair.backup)


@pytest.mark.parametrize(
    ("source", "target", "held"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("numeric(10,2)", "numeric(12,4)", False),
        ("numeric", "numeric(10,2)", False),
        ("character varying(20)", "character varying(10)", False),
        ("character varying(20)", "text", True),
        ("timestamp(3) without time zone", "timestamp without time zone", True),
        ("timestamp without time zone", "timestamp(3) without time zone", False),
        ("character(5)", "character(9)", False),
        ("json", "jsonb", False),
    ],
)
def test_whether_a_type_holds_anothers_values(source: str, target: str, *, held: bool) -> None:
    assert fits(source, target) is held
