"""What a snapshot holds: all of one moment, every value as PostgreSQL prints it, and what a restore needs to know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from cdc.dump_tool import find_tools
from cdc.model import Side
from cdc.position import Seen
from cdc.session import PINNED, Endpoint
from cdc.snapshot import moment, readers
from cdc.snapshot.errors import SnapshotRefused, StoreFull
from cdc.snapshot.format import Header
from cdc.snapshot.progress import Progress
from cdc.snapshot.store import open_store
from cdc.snapshot.writer import Written, write_snapshot
from tests import shop
from tests.databases import Pair
from tests.hosts import Connection
from tests.snapshots import content, listed, loaded, verify
from tests.system.test_types import lacking, make_extension, table_of
from tests.system.type_values import FAMILIES
from triggers.identifiers import identifier
from triggers.install import install


async def write(
    pair: Pair, folder: Path, *, schemas: tuple[str, ...] = ("public",), history: bool = False
) -> tuple[Written, Path]:
    store = open_store(str(folder))
    endpoint = Endpoint(Side.MAIN, pair.main_url, schemas)
    written = await write_snapshot(endpoint, store, kind="FULL", include_history=history)
    assert listed(folder) == [written.name]
    return written, Path(written.filepath)


async def head(path: Path) -> Header:
    return (await verify(path)).header


@pytest.fixture
async def reader(pair: Pair) -> AsyncIterator[Connection]:
    """A session with the engine's settings, whose row texts are the file's."""
    connection = await asyncpg.connect(pair.main_url, server_settings=PINNED)
    yield connection
    await connection.close()


@pytest.mark.parametrize("family", FAMILIES)
async def test_every_type_is_in_the_file_as_postgresql_prints_it(
    pair: Pair, reader: Connection, tmp_path: Path, family: str
) -> None:
    kinds = [kind for kind in FAMILIES[family] if not await lacking(pair.main, kind)]
    for kind in kinds:
        await make_extension(pair, Side.MAIN, kind)
        for text in kind.setup:
            await pair.main.execute(text)
        await pair.main.execute(f"CREATE TABLE public.{table_of(kind)} (id int PRIMARY KEY, v {kind.type})")
        for number, value in enumerate([*kind.values, "NULL"]):
            await pair.main.execute(f"INSERT INTO public.{table_of(kind)} VALUES ({number}, {value})")
    _, path = await write(pair, tmp_path)
    found = await content(path)
    for kind in kinds:
        # format() prints by the type's output function, which a cast to text need not do.
        wanted = await reader.fetch(
            "SELECT id::text, CASE WHEN num_nulls(v) = 0 THEN format('%s', v) END AS v"
            f" FROM public.{table_of(kind)} ORDER BY id"
        )
        assert sorted(found[f"of_{kind.name}"]) == sorted([row["id"], row["v"]] for row in wanted), kind.name


async def test_the_whole_shop(pair: Pair, tmp_path: Path) -> None:
    await shop.create(pair.main, 300)
    written, path = await write(pair, tmp_path)
    document = loaded(path)
    tables = document["tables"]
    counts = {
        name: await pair.main.fetchval(f"SELECT count(*) FROM public.{identifier(name)}")
        for name in shop.TABLES
    }
    assert {name: len(rows) for name, rows in tables.items()} == counts
    assert written.record_count == sum(counts.values()) == document["footer"]["rows"]
    order = list(tables)
    for child, parent in (("Order", "Customer"), ("OrderLine", "Order"), ("Payment", "Order")):
        assert order.index(parent) < order.index(child)
    assert (written.size_bytes, written.sha256) == (path.stat().st_size, (await verify(path)).sha256)


async def test_every_row_is_of_one_moment_while_writers_go_on(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("CREATE TABLE a (v int); CREATE TABLE b (v int); CREATE TABLE c (v int)")
    await pair.main.execute("INSERT INTO a SELECT 0 FROM generate_series(1, 50000)")
    stop = asyncio.Event()

    async def work() -> None:
        connection = await pair.connect(Side.MAIN)
        number = 0
        while not stop.is_set():
            number += 1
            await connection.execute(
                f"BEGIN; INSERT INTO a VALUES ({number}); INSERT INTO b VALUES ({number});"
                f" INSERT INTO c VALUES ({number}); COMMIT"
            )

    worker = asyncio.create_task(work())
    try:
        for _ in range(3):
            written, _ = await write(pair, tmp_path / str(asyncio.get_running_loop().time()))
            rows = {name: foot.rows for name, foot in written.tables.items()}
            assert rows["a"] - 50000 == rows["b"] == rows["c"] > 0
    finally:
        stop.set()
        await worker


async def test_the_moment_and_where_it_belongs(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("CREATE TABLE t (id int PRIMARY KEY)")
    assert (await head((await write(pair, tmp_path / "1"))[1])).epoch is None
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    before = int(await pair.main.fetchval("SELECT pg_current_xact_id()"))
    header = await head((await write(pair, tmp_path / "2"))[1])
    after = int(await pair.main.fetchval("SELECT pg_current_xact_id()"))
    assert Seen.parse(header.seen).sees(before)
    assert not Seen.parse(header.seen).sees(after)
    token = await pair.main.fetchval("SELECT token::text FROM cdc.node")
    assert header.epoch is not None
    assert header.epoch.startswith(token)
    assert (header.side, header.kind, header.schemas) == ("MAIN", "FULL", ("public",))
    assert header.created_at.endswith("Z")


async def test_columns_keys_and_references(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        """
        CREATE TYPE mood AS ENUM ('so so');
        CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood, n numeric(8, 2),
                        twice int GENERATED ALWAYS AS (2 * 21) STORED);
        CREATE TABLE c (a int, b text NOT NULL, c int NOT NULL, p int REFERENCES p, UNIQUE (c, b));
        CREATE TABLE bare (v text);
        INSERT INTO p (m, n) VALUES ('so so', 1);
        """
    )
    _, path = await write(pair, tmp_path)
    tables = {table.entity: table for table in (await head(path)).tables}
    assert [(c.name, c.type, c.generated, c.identity) for c in tables["p"].columns] == [
        ("id", "integer", False, True),
        ("m", "public.mood", False, False),
        ("n", "numeric(8,2)", False, False),
        ("twice", "integer", True, False),
    ]
    assert (tables["p"].key, tables["bare"].key) == (("id",), ())
    assert sorted(tables["c"].key) == ["b", "c"]
    assert tables["c"].references == ("p",)
    assert (await content(path))["p"] == [["1", "so so", "1.00", "42"]]


async def test_names_that_need_care(pair: Pair, tmp_path: Path) -> None:
    names = ['a"b', "ünï ☃", "SELECT", "t", "x'y", "{columns}", "tab\there"]
    for name in names:
        await pair.main.execute(
            f"CREATE TABLE {identifier(name)} ({identifier(name)} text, {identifier(name + '2')} text)"
        )
        await pair.main.execute(f"INSERT INTO {identifier(name)} VALUES ('1', NULL)")
    _, path = await write(pair, tmp_path)
    assert await content(path) == {name: [["1", None]] for name in sorted(names)}


async def test_no_tables_no_rows_no_columns(pair: Pair, tmp_path: Path) -> None:
    written, path = await write(pair, tmp_path / "1")
    assert (written.record_count, loaded(path)["tables"]) == (0, {})
    await pair.main.execute("CREATE TABLE empty (a int); CREATE TABLE bare ()")
    await pair.main.execute("INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES")
    _, path = await write(pair, tmp_path / "2")
    assert await content(path) == {"bare": [[], []], "empty": []}


async def test_partitions_come_once_and_children_are_tables_of_their_own(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        """
        CREATE SCHEMA store;
        CREATE TABLE part (id int, v text) PARTITION BY RANGE (id);
        CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (10);
        CREATE TABLE store.part_high (v text, gone int, id int);
        ALTER TABLE store.part_high DROP gone;
        ALTER TABLE part ATTACH PARTITION store.part_high FOR VALUES FROM (10) TO (20);
        INSERT INTO part SELECT n, 'v' || n FROM generate_series(1, 15) n;
        CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);
        INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
        """
    )
    _, path = await write(pair, tmp_path / "1")
    found = await content(path)
    assert {name: len(rows) for name, rows in found.items()} == {"child": 1, "parent": 1, "part": 15}
    assert max(found["part"]) == ["9", "v9"]
    # Asked for its schema alone, a partition is not left out.
    _, path = await write(pair, tmp_path / "2", schemas=("store",))
    assert {name: len(rows) for name, rows in (await content(path)).items()} == {"store.part_high": 6}


async def test_schemas_asked_for_and_no_others(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        "CREATE SCHEMA shop; CREATE SCHEMA other; CREATE TABLE shop.t (a int); CREATE TABLE other.t (a int);"
        " CREATE TABLE t (a int); CREATE TEMPORARY TABLE temporary (a int)"
    )
    await install(pair.main, side=Side.MAIN, schemas=["public", "shop"])
    _, path = await write(pair, tmp_path, schemas=("public", "shop", "cdc"))
    assert list(await content(path)) == ["shop.t", "t"]


async def test_history_on_request(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("CREATE TABLE t (a int)")
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    await pair.main.execute(
        "INSERT INTO cdc.backup_history (type, status, record_count) VALUES ('FULL', 'COMPLETED', 7)"
    )
    _, path = await write(pair, tmp_path / "1", history=True)
    found = await content(path)
    assert sorted(found) == ["cdc.backup_config", "cdc.backup_history", "t"]
    assert found["cdc.backup_history"][0][1:4] == ["FULL", "COMPLETED", "7"]
    header = await head(path)
    assert [table.entity for table in header.tables if not table.ours] == ["t"]
    _, path = await write(pair, tmp_path / "2")
    assert list(await content(path)) == ["t"]
    assert (await head(path)).schema_fingerprint == header.schema_fingerprint


async def test_sequences_stand_at_no_less_than_the_rows_have(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        """
        CREATE TABLE s (id serial, n int GENERATED BY DEFAULT AS IDENTITY (INCREMENT 5), v text);
        CREATE SEQUENCE free START 7; CREATE SEQUENCE big; SELECT setval('big', 9223372036854775806);
        INSERT INTO s (v) SELECT 'x' FROM generate_series(1, 3);
        """
    )
    _, path = await write(pair, tmp_path)
    found = {one.name: one for one in (await head(path)).sequences}
    told = {name: (one.last_value, one.is_called, one.increment) for name, one in found.items()}
    assert told == {
        "s_id_seq": (3, True, 1),
        "s_n_seq": (11, True, 5),
        "free": (7, False, 1),
        "big": (9223372036854775806, True, 1),
    }
    assert (found["s_id_seq"].entity, found["s_id_seq"].column) == ("s", "id")
    assert (found["free"].entity, found["free"].column) == (None, None)


async def test_large_tables_are_read_in_parts_by_several(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "PART_PAGES", 3)
    await pair.main.execute(
        "CREATE TABLE big (id int, v text); INSERT INTO big SELECT n, repeat('x', n % 500)"
        " FROM generate_series(1, 5000) n; DELETE FROM big WHERE id % 7 = 0; CREATE TABLE more (a int);"
        " INSERT INTO more SELECT generate_series(1, 500)"
    )
    _, path = await write(pair, tmp_path)
    found = await content(path)
    assert sorted(int(str(row[0])) for row in found["big"]) == [n for n in range(1, 5001) if n % 7]
    assert len(found["more"]) == 500


async def test_the_file_can_make_the_tables(pair: Pair, tmp_path: Path) -> None:
    if not await find_tools():
        pytest.skip("no pg_dump here")
    await shop.create(pair.main, 20)
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    written, path = await write(pair, tmp_path)
    made = (await head(path)).schema_sql
    assert made is not None
    assert written.notes == ()
    assert "cdc." not in made.before + made.after
    await pair.backup.execute(made.before)
    await pair.backup.execute(made.after)
    await pair.backup.execute("RESET ALL")
    tables = await pair.backup.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    assert set(shop.TABLES) <= {row["relname"] for row in tables}


async def test_without_pg_dump_it_is_written_all_the_same_and_says_so(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdc.dump_tool._folders", list)
    await pair.main.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    written, path = await write(pair, tmp_path)
    assert (await head(path)).schema_sql is None
    assert "cannot make tables" in written.notes[0]
    assert await content(path) == {"t": [["1"]]}


async def test_progress_comes_in_order(pair: Pair, tmp_path: Path) -> None:
    await shop.create(pair.main, 50)
    told: list[Progress] = []
    await write_snapshot(
        Endpoint(Side.MAIN, pair.main_url), open_store(str(tmp_path)), kind="EXPORT", progress=told.append
    )
    assert [each.phase for each in told] == sorted(
        (each.phase for each in told), key="READING VERIFYING".index
    )
    assert {each.phase for each in told} == {"READING", "VERIFYING"}
    assert all(each.rows_total is None or each.rows_total >= each.rows_done for each in told)


async def test_a_table_that_may_not_be_read_is_named(owner_pair: Pair, tmp_path: Path) -> None:
    other = await owner_pair.add_login()
    admin = await asyncpg.connect(owner_pair.servers.main.url(owner_pair.name))
    try:
        await owner_pair.main.execute("CREATE TABLE fine (a int)")
        await admin.execute(
            f"CREATE TABLE theirs (a int); ALTER TABLE theirs OWNER TO {identifier(other.name)}"
        )
        with pytest.raises(SnapshotRefused, match="may not read theirs"):
            await write(owner_pair, tmp_path)
        await admin.execute("GRANT SELECT ON theirs TO PUBLIC; ALTER TABLE theirs ENABLE ROW LEVEL SECURITY")
        with pytest.raises(SnapshotRefused, match="row-level security hides rows of theirs") as told:
            await write(owner_pair, tmp_path)
        assert "BYPASSRLS" in told.value.hint
        assert listed(tmp_path) == []
    finally:
        await admin.execute("DROP TABLE theirs")
        await admin.close()


async def test_a_table_that_is_locked_is_named(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdc.table_copy.LOCK_WAIT_MS", 100)
    await pair.main.execute("CREATE TABLE t (a int)")
    async with pair.main.transaction():
        await pair.main.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SnapshotRefused, match="locked"):
            await write(pair, tmp_path)
    assert listed(tmp_path) == []


async def test_two_tables_of_one_name_in_the_file_are_refused(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute('CREATE SCHEMA a; CREATE TABLE a.b (v int); CREATE TABLE "a.b" (v int)')
    with pytest.raises(SnapshotRefused, match=r"both called a\.b"):
        await write(pair, tmp_path, schemas=("public", "a"))
    assert listed(tmp_path) == []


async def test_a_store_without_room_is_seen_before_the_work(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.main.execute("CREATE TABLE t (a int)")
    store = open_store(str(tmp_path))

    async def little() -> int:
        return 1000

    monkeypatch.setattr(store, "free_bytes", little)
    with pytest.raises(StoreFull, match="1000 bytes left"):
        await write_snapshot(Endpoint(Side.MAIN, pair.main_url), store, kind="FULL")
    assert listed(tmp_path) == []


async def test_encrypted(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("CREATE TABLE t (a text); INSERT INTO t VALUES ('plainly said')")
    key = b"correct horse battery staple"
    written = await write_snapshot(
        Endpoint(Side.MAIN, pair.main_url), open_store(str(tmp_path)), kind="FULL", key=key
    )
    path = Path(written.filepath)
    assert path.name.endswith(".json.gz.enc")
    assert await content(path, key) == {"t": [["plainly said"]]}
    assert written.sha256 == (await verify(path, key)).sha256


async def test_a_table_whose_rows_the_server_refuses_is_named(pair: Pair, tmp_path: Path) -> None:
    if pair.main.get_server_version().major < 18:
        pytest.skip("no virtual columns before PostgreSQL 18")
    await pair.main.execute("CREATE TABLE share (of int, each int GENERATED ALWAYS AS (100 / of) VIRTUAL)")
    await pair.main.execute("INSERT INTO share VALUES (0)")
    with pytest.raises(SnapshotRefused, match="share cannot be read: division by zero"):
        await write(pair, tmp_path)
    assert listed(tmp_path) == []


async def test_a_row_that_has_no_text_is_named(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("CREATE TABLE film (id int, reel int, b bytea, PRIMARY KEY (id, reel))")
    await pair.main.execute("INSERT INTO film VALUES (1, 1, 'x')")
    await pair.main.execute("INSERT INTO film VALUES (7, 2, convert_to(repeat('x', 600000000), 'UTF8'))")
    with pytest.raises(SnapshotRefused, match="film cannot be read: its row 7,2 has no text"):
        await write(pair, tmp_path)
    assert listed(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "left"), [("CREATE TABLE u (); CREATE TABLE v ()", ["t", "u", "v"]), ("DROP TABLE t", [])]
)
async def test_tables_that_come_or_go_between_looking_and_locking(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, left: list[str]
) -> None:
    await pair.main.execute("CREATE TABLE t ()")
    look, looks = moment._list, 0

    async def looked(endpoint: Endpoint, *, include_history: bool) -> list[moment.Table]:
        nonlocal looks
        found = await look(endpoint, include_history=include_history)
        looks += 1
        if looks == 1:
            await pair.main.execute(change)
        return found

    monkeypatch.setattr(moment, "_list", looked)
    _, path = await write(pair, tmp_path)
    assert (list(await content(path)), looks) == (left, 2)


async def test_tables_that_never_stop_coming(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: Endpoint, *, include_history: bool) -> list[moment.Table]:
        assert not include_history
        return []

    await pair.main.execute("CREATE TABLE t ()")
    monkeypatch.setattr(moment, "_list", nothing)
    with pytest.raises(SnapshotRefused, match="faster than they can be looked at"):
        await write(pair, tmp_path)
    assert listed(tmp_path) == []
