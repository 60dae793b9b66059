"""A snapshot restored: only what differs is written, all of it or nothing."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.errors import SnapshotDamaged, SnapshotForeign, SnapshotRefused
from cdc.snapshot.plan import Counts, Restored, RestorePlan
from cdc.snapshot.restore import preview, restore
from cdc.snapshot.writer import write_snapshot
from tests import shop
from tests.databases import Pair, Servers
from tests.hosts import Connection
from tests.roles import Role, among, pair_of
from triggers.identifiers import identifier, qualified

CHANGES = """
DELETE FROM "OrderLine" WHERE "orderId" % 5 = 0;
DELETE FROM "Payment" WHERE "orderId" % 10 = 0;
DELETE FROM "Order" WHERE id % 10 = 0;
UPDATE "Order" SET total = total + 1 WHERE id % 3 = 0;
UPDATE "Customer" SET name = 'changed', moods = NULL WHERE id LIKE '%7';
INSERT INTO "Customer" (id, email) SELECT 'new' || i, 'new' || i FROM generate_series(1, 3) i;
INSERT INTO "Order" ("customerId", total) SELECT 'new' || i, i FROM generate_series(1, 3) i;
INSERT INTO "Payment" ("orderId", amount) SELECT max(id), 3 FROM "Order";
UPDATE "Category" SET "parentId" = NULL;
DELETE FROM "Category" WHERE id > 15;
BEGIN;
DELETE FROM "Team" WHERE id = 't3';
INSERT INTO "Staff" VALUES ('s9', 't9');
INSERT INTO "Team" VALUES ('t9', 's9');
COMMIT;
"""


def main_of(pair: Pair) -> Endpoint:
    return Endpoint(Side.MAIN, pair.main_url)


async def written(pair: Pair, folder: Path) -> tuple[DiskStore, str]:
    store = DiskStore(folder)
    done = await write_snapshot(main_of(pair), store, kind="EXPORT")
    return store, done.name


async def restored(
    pair: Pair, file: tuple[DiskStore, str], side: Side = Side.MAIN, tables: Sequence[str] = (), **more: Any
) -> Restored:
    main, backup = shop.endpoints(pair)
    target, other = (main, backup) if side is Side.MAIN else (backup, main)
    return await restore(*file, target, other, tables=tables, by="test", **{"propagate": True, **more})


async def previewed(pair: Pair, file: tuple[DiskStore, str], **more: Any) -> RestorePlan:
    return await preview(*file, main_of(pair), **more)


async def insert_everywhere(connection: Connection) -> None:
    """Rows with keys from every sequence."""
    await connection.execute(
        """INSERT INTO "Customer" (id, email) VALUES ('after', 'after');
        INSERT INTO "Order" ("customerId", total) VALUES ('after', 1);
        INSERT INTO "Payment" ("orderId", amount) SELECT max(id), 1 FROM "Order" """
    )


@pytest.fixture(params=among(Role.SUPERUSER, Role.OWNER))
async def shop_pair(request: pytest.FixtureRequest, servers: Servers, ready: bool) -> AsyncIterator[Pair]:  # noqa: FBT001 - a fixture
    """Databases whose connections may set session_replication_role, and such as may not."""
    async with pair_of(servers, request.param, ready=ready) as fresh:
        yield fresh


async def test_a_restore_makes_the_database_what_it_was(shop_pair: Pair, tmp_path: Path) -> None:
    main = shop_pair.main
    await shop.create(main, 40)
    before = await shop.content(main)
    file = await written(shop_pair, tmp_path)
    await main.execute(CHANGES)
    changed = await shop.content(main)
    plan = await previewed(shop_pair, file, samples=2)
    assert await shop.content(main) == changed
    done = await restored(shop_pair, file)
    assert await shop.content(main) == before
    assert done.tables == plan.tables
    assert done.tables["Order"] == Counts(inserted=4, updated=12, deleted=3, unchanged=24)
    assert done.tables["Team"] == Counts(inserted=1, deleted=1, unchanged=2)
    assert {sample.kind for sample in plan.samples["Team"]} == {"INSERT", "DELETE"}
    assert done.record_count == sum(len(rows) for rows in before.values())
    await insert_everywhere(main)
    again = await restored(shop_pair, file, tables=["Staff", "Category"])
    assert {entity: counts.changed for entity, counts in again.tables.items()} == {"Staff": 0, "Category": 0}


async def test_an_empty_database_gets_the_tables_too(shop_pair: Pair, tmp_path: Path) -> None:
    main, backup = shop_pair.main, shop_pair.backup
    await shop.create(main, 40)
    file = await written(shop_pair, tmp_path)
    done = await restored(shop_pair, file, Side.BACKUP)
    assert await shop.content(backup) == await shop.content(main)
    assert done.created
    assert done.tables["Order"] == Counts(inserted=40)
    await insert_everywhere(backup)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await backup.execute('INSERT INTO "Order" ("customerId", total) VALUES (\'nobody\', 1)')
    assert "capture" in " ".join(done.notes)


async def test_tables_without_rows_are_filled(shop_pair: Pair, tmp_path: Path) -> None:
    await shop.create(shop_pair.main, 20)
    await shop.create(shop_pair.backup)
    file = await written(shop_pair, tmp_path)
    done = await restored(shop_pair, file, Side.BACKUP)
    assert await shop.content(shop_pair.backup) == await shop.content(shop_pair.main)
    assert not done.created
    await insert_everywhere(shop_pair.backup)


async def test_triggers_of_people_do_not_fire_and_stay_as_they_were(shop_pair: Pair, tmp_path: Path) -> None:
    main = shop_pair.main
    await shop.create(main, 10)
    await main.execute(
        """CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON "Customer" FOR EACH ROW EXECUTE FUNCTION touch();
        CREATE TRIGGER always BEFORE UPDATE ON "Customer" FOR EACH ROW EXECUTE FUNCTION touch();
        ALTER TABLE "Customer" ENABLE ALWAYS TRIGGER always"""
    )
    before = await shop.content(main)
    file = await written(shop_pair, tmp_path)
    await main.execute("""DELETE FROM "Customer" WHERE id = 'c1'; UPDATE "Customer" SET email = id""")
    await restored(shop_pair, file)
    assert await shop.content(main) == before
    modes = "SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    assert [tuple(row) for row in await main.fetch(modes)] == [("always", "A"), ("touched", "O")]


async def test_a_table_without_a_key_is_a_multiset(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        """CREATE TABLE bag (n int, v text);
        INSERT INTO bag SELECT i % 4, 'x' FROM generate_series(1, 20) i; INSERT INTO bag VALUES (NULL, NULL)"""
    )
    rows = "SELECT n, v, count(*) FROM bag GROUP BY 1, 2 ORDER BY 1"
    before = await pair.main.fetch(rows)
    file = await written(pair, tmp_path)
    await pair.main.execute(
        """DELETE FROM bag WHERE n = 1 OR n IS NULL; INSERT INTO bag VALUES (2, 'x'), (9, 'y')"""
    )
    assert (await restored(pair, file)).tables == {"bag": Counts(inserted=6, deleted=2, unchanged=15)}
    assert await pair.main.fetch(rows) == before


async def test_another_schema_is_refused_with_every_difference(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        "CREATE TABLE a (id int PRIMARY KEY, v varchar(9), w text); CREATE TABLE b (id int);"
        " INSERT INTO a VALUES (1, 'x', 'y')"
    )
    file = await written(pair, tmp_path)
    await pair.main.execute(
        "ALTER TABLE a ALTER v TYPE text, DROP w, ADD z int, DROP CONSTRAINT a_pkey; DROP TABLE b"
    )
    with pytest.raises(SnapshotRefused) as refused:
        await restored(pair, file)
    for part in (
        "MAIN has no table b",
        "a: MAIN lacks the column w",
        "a: MAIN has a column z that the snapshot lacks",
        "a: v is character varying(9) in the snapshot and text on MAIN",
        "a: its rows are not unique by (id) on MAIN",
    ):
        assert part in str(refused.value)
    assert "migrations" in refused.value.hint
    with pytest.raises(SnapshotRefused, match="the snapshot has no table c"):
        await previewed(pair, file, tables=["a", "c"])


async def test_chosen_tables_alone(shop_pair: Pair, tmp_path: Path) -> None:
    main = shop_pair.main
    await shop.create(main, 20)
    before = await shop.content(main)
    file = await written(shop_pair, tmp_path)
    await main.execute(CHANGES)
    changed = await shop.content(main)
    with pytest.raises(SnapshotRefused, match=r"Payment would (refer to|lose rows)"):
        await restored(shop_pair, file, tables=["Order"])
    assert await shop.content(main) == changed
    plan = await previewed(shop_pair, file, tables=["Category", "Payment", "Order"])
    assert any("OrderLine" in note for note in plan.notes)
    done = await restored(shop_pair, file, tables=["Payment", "Order", "OrderLine", "Customer"])
    assert set(done.tables) == {"Payment", "Order", "OrderLine", "Customer"}
    now = await shop.content(main)
    assert now["Category"] == changed["Category"]
    assert all(now[table] == before[table] for table in done.tables)


async def test_a_circle_of_keys_that_cannot_be_deferred(owner_pair: Pair, tmp_path: Path) -> None:
    main = owner_pair.main
    await main.execute(
        """CREATE TABLE team (id int PRIMARY KEY, leader int);
        CREATE TABLE staff (id int PRIMARY KEY, team int NOT NULL REFERENCES team);
        ALTER TABLE team ADD FOREIGN KEY (leader) REFERENCES staff;
        INSERT INTO team VALUES (1), (2); INSERT INTO staff VALUES (1, 1), (2, 2); UPDATE team SET leader = id"""
    )
    file = await written(owner_pair, tmp_path)
    await main.execute(
        """UPDATE team SET leader = NULL WHERE id = 1; DELETE FROM staff WHERE id = 1;
        DELETE FROM team WHERE id = 1;
        INSERT INTO team VALUES (3); INSERT INTO staff VALUES (3, 3); UPDATE team SET leader = 3 WHERE id = 3"""
    )
    await restored(owner_pair, file)
    assert [tuple(row) for row in await main.fetch("SELECT * FROM team ORDER BY 1")] == [(1, 1), (2, 2)]
    assert [tuple(row) for row in await main.fetch("SELECT * FROM staff ORDER BY 1")] == [(1, 1), (2, 2)]


async def test_a_restore_waits_for_nobody_for_ever(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdc.write_lock.PATIENCE_S", 0.1)
    await pair.main.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
    file = await written(pair, tmp_path)
    await pair.main.execute("UPDATE a SET id = 2")
    holder = await pair.connect(Side.MAIN)
    async with holder.transaction():
        await holder.execute("LOCK TABLE a IN ROW EXCLUSIVE MODE")
        with pytest.raises(Exception, match="tables of MAIN stay locked by others"):
            await restored(pair, file)
    await restored(pair, file)
    assert await pair.main.fetchval("SELECT id FROM a") == 1


async def test_parents_of_classic_inheritance_have_rows_of_their_own(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        """CREATE TABLE p (id int PRIMARY KEY, v text); CREATE TABLE c (w text) INHERITS (p);
        ALTER TABLE c ADD PRIMARY KEY (id);
        INSERT INTO p VALUES (1, 'p'), (2, 'p'); INSERT INTO c VALUES (1, 'c', 'w'), (3, 'c', 'w')"""
    )
    rows = "SELECT tableoid::regclass::text, * FROM p ORDER BY 1, 2"
    before = await pair.main.fetch(rows)
    file = await written(pair, tmp_path)
    await pair.main.execute("DELETE FROM p WHERE id = 1; INSERT INTO c VALUES (4); UPDATE p SET v = 'x'")
    assert (await restored(pair, file)).tables == {
        "c": Counts(inserted=1, updated=1, deleted=1),
        "p": Counts(inserted=1, updated=1),
    }
    assert await pair.main.fetch(rows) == before
    await restored(pair, file, Side.BACKUP)
    assert await pair.backup.fetch(rows) == before


@pytest.mark.parametrize("empty", [True, False])
async def test_a_file_that_is_not_whole_leaves_the_target_alone(
    pair: Pair, tmp_path: Path, *, empty: bool
) -> None:
    await shop.create(pair.main, 40)
    store, name = await written(pair, tmp_path)
    if not empty:
        await shop.create(pair.backup, 5)
    before = await relations(pair.backup)
    whole = (tmp_path / name).read_bytes()
    places = [*range(0, len(whole), len(whole) // 12), len(whole) - 1]
    spoiled = [flipped(whole, place) for place in places] + [whole[:place] for place in places]
    spoiled += [whole + whole, whole + b"\0", gzip.compress(b"0" * 10_000_000), b"", b"PGDMP", b"{}\n"]
    for number, data in enumerate(spoiled):
        other = f"bad{number}.json.gz"
        (tmp_path / other).write_bytes(data)
        with pytest.raises((SnapshotDamaged, SnapshotForeign)):
            await restored(pair, (store, other), Side.BACKUP)
    assert await relations(pair.backup) == before
    await restored(pair, (store, name), Side.BACKUP)
    assert await shop.content(pair.backup) == await shop.content(pair.main)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


async def relations(connection: Connection) -> tuple[list[str], dict[str, list[str]] | None]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    names = [row["relname"] for row in rows]
    return names, await shop.content(connection) if names else None


async def test_what_migration_tools_wrote_down_stays_with_the_schema(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE _prisma_migrations (id text PRIMARY KEY);"
        " INSERT INTO _prisma_migrations VALUES ('one')"
    )
    file = await written(pair, tmp_path)
    await pair.main.execute("INSERT INTO _prisma_migrations VALUES ('two'); CREATE TABLE later (id int)")
    done = await restored(pair, file)
    assert set(done.tables) == {"a"}
    assert done.notes == (await previewed(pair, file)).notes
    assert [note.split(":")[0] for note in done.notes] == [
        "_prisma_migrations stays as it is",
        "later stays as it is",
    ]
    assert await pair.main.fetchval("SELECT count(*) FROM _prisma_migrations") == 2
    assert (await restored(pair, file, tables=["_prisma_migrations"])).tables[
        "_prisma_migrations"
    ].deleted == 1
    await restored(pair, file, Side.BACKUP)
    assert await pair.backup.fetchval("SELECT id FROM _prisma_migrations") == "one"


NAMES: Final = """
t s d h o p c r x k1 k2 hash kind value here other stands rows number place part image entity_id current incoming
cdc_hash cdc_number cdc_file file reference
""".split()  # noqa: SIM905 - a list of that length is unreadable


async def test_no_name_is_taken(pair: Pair, tmp_path: Path) -> None:
    """Tables and columns that are called like anything in our SQL, or like nothing sensible."""
    names = [*NAMES, "two\nlines", 'quo"te', "{table}"]
    columns = ", ".join(f"{identifier(name)} text" for name in names)
    tables = [*NAMES[:6], "cdc_file_0", "cdc_stage_0", "two\nlines", 'quo"te', "{file}"]
    for table in tables:
        name = qualified("public", table)
        await pair.main.execute(f"CREATE TABLE {name} ({columns}, n serial, PRIMARY KEY (k2, h))")
        values = ", ".join(f"'{number}'" for number in range(len(names)))
        await pair.main.execute(f"INSERT INTO {name} VALUES ({values})")
    await pair.main.execute(f'CREATE TABLE bag ({columns}); INSERT INTO bag ("t") VALUES (1), (1), (2)')
    file = await written(pair, tmp_path)
    for table in tables:
        name = qualified("public", table)
        await pair.main.execute(f"INSERT INTO {name} (k2, h) VALUES ('x', 'y'); UPDATE {name} SET hash = 'z'")
    await pair.main.execute("DELETE FROM bag WHERE \"t\" = '1'")
    done = await restored(pair, file)
    assert {entity: counts.changed for entity, counts in done.tables.items()} == {
        **dict.fromkeys(tables, 2),
        "bag": 2,
    }
    assert not any(counts.changed for counts in (await previewed(pair, file)).tables.values())
    assert (await restored(pair, file, Side.BACKUP)).record_count == len(tables) + 3


@pytest.mark.parametrize("there", [True, False])
async def test_several_schemas(pair: Pair, tmp_path: Path, *, there: bool) -> None:
    await pair.main.execute(
        """CREATE SCHEMA shop; CREATE TABLE shop.a (id serial PRIMARY KEY); INSERT INTO shop.a DEFAULT VALUES;
        CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES shop.a); INSERT INTO b VALUES (1, 1)"""
    )
    schemas = ("public", "shop")
    main, backup = (
        Endpoint(side, url, schemas)
        for side, url in ((Side.MAIN, pair.main_url), (Side.BACKUP, pair.backup_url))
    )
    store = DiskStore(tmp_path)
    done = await write_snapshot(main, store, kind="FULL")
    if there:
        await pair.backup.execute("CREATE SCHEMA shop")
    made = await restore(store, done.name, backup, main, propagate=False, by="test")
    assert made.tables == {"shop.a": Counts(inserted=1), "b": Counts(inserted=1)}
    assert await pair.backup.fetchval("INSERT INTO shop.a DEFAULT VALUES RETURNING id") == 2
