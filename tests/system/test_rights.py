"""The same histories whatever the service's role may do: a superuser, an owner, an owner who may act as a replica.

Only the second has every trigger and foreign key of the target fire as it writes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from cdc.decision import Decision
from cdc.model import Policy, Resolution, Side
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair, Servers
from tests.roles import Role, among, pair_of
from tests.synced import endpoints, synced


@pytest.fixture(params=among(*Role))
async def role_pair(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """Fresh databases, connected as one of the roles that a service may have."""
    async with pair_of(servers, request.param) as fresh:
        yield fresh


@dataclass(frozen=True, slots=True)
class History:
    """What is written on MAIN or BACKUP, in order; both sides are equal in the end, and nothing is a conflict."""

    name: str
    schema: str
    main: str
    backup: str = ""
    tables: tuple[str, ...] = ("t",)
    whole: bool = False
    """Its transactions must fit into a batch."""


FAMILY = (
    "CREATE TABLE p (id int PRIMARY KEY, v text);"
    "CREATE TABLE c (id int PRIMARY KEY, p int NOT NULL REFERENCES p {how}, v text);"
    "INSERT INTO p SELECT i, 'x' FROM generate_series(1, 4) i;"
    "INSERT INTO c SELECT i, i, 'x' FROM generate_series(1, 4) i"
)
CASCADE = FAMILY.replace("{how}", "ON DELETE CASCADE ON UPDATE CASCADE")
STRICT = FAMILY.replace("{how}", "")
FIRST_TWO = "INSERT INTO t SELECT i, i FROM generate_series(1, 4) i"

HISTORIES = (
    History(
        "rows",
        "CREATE TABLE t (id int PRIMARY KEY, v text)",
        "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 9) i; UPDATE t SET v = v || id;"
        "DELETE FROM t WHERE id > 7",
        "UPDATE t SET v = 'b' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (20, '')",
    ),
    History("new family", STRICT, "INSERT INTO p VALUES (9); INSERT INTO c VALUES (9, 9)", tables=("p", "c")),
    History(
        "end of a family", STRICT, "DELETE FROM c WHERE p = 1; DELETE FROM p WHERE id = 1", tables=("p", "c")
    ),
    History("another parent", STRICT, "UPDATE c SET p = 2; DELETE FROM p WHERE id <> 2", tables=("p", "c")),
    History(
        "delete cascades",
        CASCADE,
        "DELETE FROM p WHERE id IN (1, 2)",
        "DELETE FROM p WHERE id = 3",
        ("p", "c"),
    ),
    History(
        "update cascades",
        CASCADE,
        "UPDATE p SET id = id + 10",
        "UPDATE p SET v = id WHERE id < 13",
        ("p", "c"),
    ),
    History(
        "keys that move on",
        FAMILY.replace("{how}", "ON UPDATE CASCADE"),
        "UPDATE p SET id = 99 WHERE id = 3; UPDATE p SET id = 98 WHERE id = 99;"
        "UPDATE p SET id = 99 WHERE id = 1; UPDATE p SET id = 1 WHERE id = 99",
        tables=("p", "c"),
    ),
    History(
        "keys that change places",
        FAMILY.replace("{how}", "ON UPDATE CASCADE"),
        "UPDATE p SET id = 99 WHERE id = 3; UPDATE p SET id = 3 WHERE id = 4; UPDATE p SET id = 4 WHERE id = 99",
        tables=("p", "c"),
    ),
    History(
        "keys of a tree",
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t ON UPDATE CASCADE);"
        "INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2), (4, 3)",
        "UPDATE t SET id = 99 WHERE id = 3; UPDATE t SET id = 98 WHERE id = 4",
    ),
    History(
        "set null",
        FAMILY.replace("{how}", "ON DELETE SET NULL").replace("p int NOT NULL", "p int"),
        "DELETE FROM p WHERE id = 1",
        tables=("p", "c"),
    ),
    History(
        "tree",
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t ON DELETE CASCADE)",
        "INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2), (5, NULL);"
        "INSERT INTO t VALUES (4, 5); DELETE FROM t WHERE id = 2",
        "UPDATE t SET up = 1 WHERE id = 5; DELETE FROM t WHERE id = 4",
    ),
    History(
        "circle",
        "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED",
        "BEGIN; INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); COMMIT",
        "BEGIN; UPDATE a SET b = NULL; DELETE FROM b; DELETE FROM a; COMMIT",
        ("a", "b"),
    ),
    History(
        "shifted keys",
        "CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, v int)",
        FIRST_TWO,
        "UPDATE t SET id = id + 1",
        whole=True,
    ),
    History(
        "swapped values",
        "CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        FIRST_TWO,
        "UPDATE t SET v = 5 - v",
    ),
    History(
        "unique value passed on",
        "CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE)",
        FIRST_TWO,
        "DELETE FROM t WHERE id = 1; UPDATE t SET v = 1 WHERE id = 2; INSERT INTO t VALUES (9, 2)",
    ),
    History(
        "truncate",
        CASCADE,
        "TRUNCATE p CASCADE; INSERT INTO p VALUES (1, 'new'); INSERT INTO c VALUES (1, 1)",
        tables=("p", "c"),
    ),
    History(
        "partitions",
        "CREATE TABLE t (id int, k int, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE t2 PARTITION OF t DEFAULT",
        "INSERT INTO t SELECT i, i * 3 FROM generate_series(1, 6) i",
        "UPDATE t SET k = k + 6; DELETE FROM t1",
    ),
    History(
        "serials",
        "CREATE TABLE t (id serial PRIMARY KEY, v int GENERATED ALWAYS AS IDENTITY)",
        "INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES",
        "INSERT INTO t DEFAULT VALUES",
    ),
    History(
        "bag with unique values",
        "CREATE TABLE t (u int UNIQUE, v text)",
        "INSERT INTO t VALUES (1, 'x'), (2, 'x'), (NULL, 'x')",
        "UPDATE t SET v = 'y' WHERE u = 1; UPDATE t SET u = NULL WHERE u = 2; UPDATE t SET u = 3 WHERE v = 'y'",
    ),
    History(
        "bag",
        "CREATE TABLE t (v int)",
        "INSERT INTO t VALUES (1), (1), (2)",
        "DELETE FROM t WHERE v = 2; UPDATE t SET v = 3",
    ),
)


@pytest.mark.parametrize("batch_rows", [1000, 2])
async def test_histories(role_pair: Pair, batch_rows: int) -> None:
    """Each in a schema of its own, so that one pair of databases does."""
    schemas = {history.name: f"h{number}" for number, history in enumerate(HISTORIES)}
    setup = [
        f"CREATE SCHEMA {schemas[each.name]}; SET search_path = {schemas[each.name]}; {each.schema}"
        for each in HISTORIES
    ]
    options, wrong = Options(batch_rows=batch_rows), {}
    async with synced(role_pair, "; ".join(setup), options=options, schemas=tuple(schemas.values())) as both:
        for each in (each for each in HISTORIES if not each.whole or batch_rows > len(HISTORIES)):
            for side in Side:
                await both.connection(side).execute(f"SET search_path = {schemas[each.name]}")
            for side, text in ((Side.MAIN, each.main), (Side.BACKUP, each.backup)):
                if text:
                    await both.connection(side).execute(text)
                await both.settle()
                rows = [[await both.rows(each_side, name) for name in each.tables] for each_side in Side]
                entries = await both.open_conflicts()
                problems = [entry for entry in entries if entry.entity.startswith(f"{schemas[each.name]}.")]
                if problems or rows[0] != rows[1]:
                    wrong[each.name, side.value] = (*problems, *rows)
                    break
    assert wrong == {}, "\n".join(f"{name}: {what}" for name, what in wrong.items())


async def test_conflicts_of_each_kind_and_their_resolution(role_pair: Pair) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, v text, u int UNIQUE); "
    schema += "INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, 'x')"
    async with synced(role_pair, schema) as both:
        await both.main.execute(
            "UPDATE t SET v = 'm' WHERE id < 3; INSERT INTO t VALUES (4, 'm', NULL), (5, 'm', 1)"
        )
        await both.backup.execute("UPDATE t SET v = 'b' WHERE id = 1; DELETE FROM t WHERE id = 2")
        await both.backup.execute("INSERT INTO t VALUES (4, 'b', NULL), (6, 'b', 1)")
        await both.settle()
        entries = {entry.entity_id: entry for entry in await both.open_conflicts()}
        assert set(entries) == {"1", "2", "4", "5", "6"}
        async with Resolver(*endpoints(role_pair)) as resolver:
            for entity_id in ("1", "2", "4", "6"):
                await resolver.resolve(Decision("t", entity_id, Resolution.MAIN, by="me"))
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await both.rows(Side.MAIN, "t") == ["(1,,m)", "(2,,m)", "(3,,x)", "(4,,m)", "(5,1,m)"]


async def test_a_cascade_takes_no_row_that_was_never_seen(role_pair: Pair) -> None:
    async with synced(role_pair, CASCADE) as both:
        await both.main.execute("DELETE FROM p WHERE id = 1")
        await both.backup.execute("INSERT INTO c VALUES (100, 1, 'unseen')")
        await both.settle()
        assert await both.backup.fetchval("SELECT v FROM c WHERE id = 100") == "unseen"
        assert await both.backup.fetchval("SELECT count(*) FROM p WHERE id = 1") == 1
        found = {(entry.entity, entry.entity_id) for entry in await both.open_conflicts()}
        assert {("p", "1"), ("c", "100")} <= found


@pytest.mark.parametrize("winner", [Policy.MAIN_WINS, Policy.BACKUP_WINS])
async def test_no_policy_writes_a_child_without_its_parent(role_pair: Pair, winner: Policy) -> None:
    """One side deletes the parent, and its child with it, whose other columns the other side has changed."""
    schema = """
    CREATE TABLE p (id int PRIMARY KEY, v text);
    CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE, v text);
    INSERT INTO p VALUES (1, 'x'), (2, 'x');
    INSERT INTO c VALUES (1, 1, 'x'), (2, 2, 'x');
    """
    orphans = "SELECT count(*) FROM c WHERE NOT EXISTS (SELECT FROM p WHERE p.id = c.p)"
    async with synced(role_pair, schema, policy=lambda _: winner) as both:
        for loser, number in zip(Side, (1, 2), strict=True):
            await both.connection(loser).execute(f"DELETE FROM p WHERE id = {number}")
            await both.connection(loser.other).execute(f"UPDATE c SET v = 'changed' WHERE id = {number}")
        await both.settle()
        for side in Side:
            assert await both.connection(side).fetchval(orphans) == 0
        if not await both.open_conflicts():
            await both.assert_equal("p", "c")


@pytest.mark.parametrize("column", ["id", "v"])
async def test_duplicates_under_deferrable_constraints(role_pair: Pair, column: str) -> None:
    key, unique = ("DEFERRABLE", "UNIQUE") if column == "id" else ("", "UNIQUE DEFERRABLE INITIALLY DEFERRED")
    schema = f"CREATE TABLE t (id int PRIMARY KEY {key}, v int {unique})"
    async with synced(role_pair, schema) as both:
        here, there = ("(1, 10)", "(1, 20)") if column == "id" else ("(1, 10)", "(2, 10)")
        await both.main.execute(f"INSERT INTO t VALUES {here}, (7, 7)")
        await both.backup.execute(f"INSERT INTO t VALUES {there}, (8, 8)")
        await both.settle()
        for side in Side:
            doubles = f"SELECT count(*) FROM t GROUP BY {column} HAVING count(*) > 1"
            assert await both.connection(side).fetch(doubles) == []
            assert await both.connection(side).fetchval("SELECT count(*) FROM t WHERE id IN (7, 8)") == 2
        assert await both.open_conflicts()


async def test_a_value_another_transaction_wrote_and_not_committed(role_pair: Pair) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
    async with synced(role_pair, schema) as both:
        other = await role_pair.connect(Side.BACKUP)
        transaction = other.transaction()
        await transaction.start()
        await other.execute("INSERT INTO t VALUES (2, 10)")
        await both.main.execute("INSERT INTO t VALUES (1, 10)")
        await both.engine.step(Side.MAIN)
        await transaction.commit()
        await both.settle()
        for side in Side:
            assert await both.connection(side).fetch("SELECT FROM t GROUP BY v HAVING count(*) > 1") == []
        assert await both.open_conflicts()


async def test_a_refused_row_whose_parent_gets_another_key(role_pair: Pair) -> None:
    """As an owner the server has the row follow its parent, while what else is to become of it is put off."""
    async with synced(role_pair, CASCADE) as both:
        await both.backup.execute("ALTER TABLE c ADD CONSTRAINT refuse CHECK (v <> 'bad')")
        await both.main.execute("UPDATE c SET v = 'bad' WHERE id = 3")
        await both.engine.step(Side.MAIN)
        await both.main.execute("UPDATE p SET id = id + 6")
        await both.settle()
        await both.backup.execute("ALTER TABLE c DROP CONSTRAINT refuse")
        await both.backup.execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
        )
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("p", "c")
