"""Keys that are equal but print differently are one row: in the tables, among the conflicts, and to who asks."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import pytest

from cdc.catalog import read_shapes
from cdc.conflicts import list_conflicts
from cdc.decision import Decision
from cdc.model import Entity, Resolution, Side
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import endpoints, synced
from triggers.identifiers import fragment


@dataclass(frozen=True, slots=True)
class Twins:
    """A type of key, two of its values that are equal, as SQL, and how each is printed."""

    name: str
    type: str
    one: str
    other: str
    setup: str = ""
    named: bool = True
    """Equal values have one name, so that a row is one conflict. Else it may be several, each to be decided."""

    @property
    def schema(self) -> str:
        return f"{self.setup}; CREATE TABLE t (id {self.type} PRIMARY KEY, v text)"


KEYS = (
    Twins("numeric", "numeric", "1.0", "1.00"),
    Twins("numeric of many digits", "numeric", "1200", "1200.0000"),
    Twins("double", "float8", "'-0'", "0"),
    Twins("interval", "interval", "'1 day'", "'24 hours'"),
    Twins("padded", "char(3)", "'a'", "'a  '"),
    Twins("unlimited char", "bpchar", "'a'", "'a  '"),
    Twins("citext", "citext", "'Straße'", "'STRAßE'", "CREATE EXTENSION citext"),
    Twins(
        "collation",
        'text COLLATE "blind"',
        "'Name'",
        "'nAME'",
        "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        named=False,
    ),
    Twins("jsonb", "jsonb", "'1.0'", "'1.00'"),
    Twins(
        "jsonb object",
        "jsonb",
        """'{"a": [1.50, "1.50"], "b": 10.0}'""",
        """'{"b": 10, "a": [1.5, "1.50"]}'""",
    ),
    Twins("numbers", "numeric[]", "'{1.0}'", "'{1.00}'"),
    Twins("doubles", "float8[]", "'{-0,1}'", "'{0,1}'"),
    Twins("range", "numrange", "'[1.0,2)'", "'[1.00,2)'"),
    Twins("boolean", "bool", "true", "'t'"),
    Twins("address", "inet", "'1.2.3.4'", "'1.2.3.4/32'"),
)


VALUES = {
    "jsonb": (
        *(
            "1",
            "1.0",
            "1.00",
            "10",
            "100",
            "1.5",
            "1.50",
            "1.05",
            "1.050",
            "-0.0",
            "0",
            "1e3",
            "1000.0",
            "0.0010",
        ),
        *(
            '"1.0"',
            '"1.00"',
            '"1"',
            '"a\\"1.0"',
            '"a\\"1.00"',
            '"\\\\"',
            '[1.0, "\\\\", 2.00]',
            '[1, "\\\\", 2]',
        ),
        *(
            '{"1.0": 1.0}',
            '{"1.00": 1.0}',
            '{"1.0": 1}',
            '{"a": {"b": [1.10, "x.0"]}}',
            '{"a": {"b": [1.1, "x.00"]}}',
        ),
        *("null", "true", "[]", "[[]]", '"\\n.0"'),
    ),
    "numeric[]": (
        "{}",
        "{1.0}",
        "{1}",
        "{1.00,NULL}",
        "{1,NULL}",
        "{NaN,10.010}",
        "{NaN,10.01}",
        "{100}",
        "{{1.0},{2.0}}",
        "{1.0,2.0}",
        "[0:1]={1.0,2}",
        "[0:1]={1,2.0}",
    ),
    "float8[]": (
        "{-0}",
        "{0}",
        "{-0.5}",
        "{0.5}",
        "{1e-07}",
        "{1e-070}",
        "{0,-0}",
        "{-0,-0}",
        "{-1,0}",
        "{NaN,-Infinity}",
    ),
    "numrange": (
        "empty",
        "[1.0,2.00)",
        "[1,2)",
        "(1,2)",
        "[1.05,)",
        "[1.050,)",
        "(,0.0]",
        "(,0]",
        "[10,100)",
    ),
}


@pytest.mark.parametrize("type_name", VALUES)
async def test_values_have_one_name_where_they_are_equal_and_nowhere_else(pair: Pair, type_name: str) -> None:
    """And each name is read as the value that it stands for."""
    await pair.main.execute(f"CREATE TABLE t (id {type_name} PRIMARY KEY)")
    shape = (await read_shapes(pair.main, ["public"]))[Entity("public", "t")]
    one, other = (shape.name_of(["id"], [fragment(value)]) for value in ("x.v", "y.v"))
    rows = await pair.main.fetch(
        f"WITH value AS (SELECT v::{type_name} FROM unnest($1::text[]) v)"
        f" SELECT x.v::text AS one, y.v::text AS other, x.v = y.v AS equal, {one} = {other} AS named,"
        f" ({one})::{type_name} = x.v AS read FROM value x, value y",
        list(VALUES[type_name]),
    )
    assert len(rows) == len(VALUES[type_name]) ** 2
    assert [tuple(row) for row in rows if row["equal"] is not row["named"] or not row["read"]] == []


@pytest.fixture(params=KEYS, ids=lambda twins: twins.name)
async def twins(request: pytest.FixtureRequest, pair: Pair) -> Twins:
    found: Twins = request.param
    transaction = pair.main.transaction()
    await transaction.start()
    try:
        await pair.main.execute(found.schema)
    except (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError, asyncpg.InvalidParameterValueError):
        pytest.skip(f"this build has no {found.name}")
    finally:
        await transaction.rollback()
    return found


async def test_one_row_not_two(pair: Pair, twins: Twins) -> None:
    async with synced(pair, twins.schema) as both:
        await both.main.execute(f"INSERT INTO t VALUES ({twins.one}, 'x')")
        await both.settle()
        await both.backup.execute(f"UPDATE t SET v = 'y' WHERE id = {twins.other}")
        await both.settle()
        await both.main.execute(f"UPDATE t SET id = {twins.other}; UPDATE t SET v = 'z'")
        await both.settle()
        await both.assert_equal("t")
        await both.main.execute(
            f"DELETE FROM t; INSERT INTO t VALUES ({twins.one}, 'x'); UPDATE t SET id = {twins.other}"
        )
        await both.settle()
        await both.assert_equal("t")
        assert len(await both.rows(Side.BACKUP, "t")) == 1
        await both.backup.execute("DELETE FROM t")
        await both.settle()
        assert await both.rows(Side.MAIN, "t") == []
        await both.assert_no_conflicts()


async def test_one_conflict_not_two(pair: Pair, twins: Twins) -> None:
    async with synced(pair, twins.schema) as both:
        await both.main.execute(f"INSERT INTO t VALUES ({twins.one}, 'main')")
        await both.backup.execute(f"INSERT INTO t VALUES ({twins.other}, 'backup')")
        await both.settle()
        await both.main.execute(f"UPDATE t SET id = {twins.other}, v = 'main again'")
        await both.settle()
        await both.main.execute("UPDATE t SET v = 'main at last'")
        await both.backup.execute(f"UPDATE t SET id = {twins.one}, v = 'backup again'")
        await both.settle()
        conflicts, _ = await list_conflicts(both.main, both.backup)
        if twins.named:
            (conflict,) = conflicts
            assert conflict.main is not None
            assert conflict.backup is not None
            assert (conflict.main["v"], conflict.backup["v"]) == ("main at last", "backup again")
        async with Resolver(*endpoints(pair)) as resolver:
            for conflict in conflicts:
                asked = await both.main.fetchval(f"SELECT ({twins.other})::{twins.type.split()[0]}::text")
                name = asked if twins.named else conflict.entity_id
                await resolver.resolve(Decision("t", name, Resolution.MAIN, by="me"))
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


async def test_a_row_put_off_is_the_same_row(pair: Pair, twins: Twins) -> None:
    """What Python and what PostgreSQL make of a key must be one name."""
    async with synced(pair, twins.schema) as both:
        await both.main.execute(f"INSERT INTO t VALUES ({twins.one}, 'x')")
        await both.settle()
        await both.backup.execute("ALTER TABLE t ADD CHECK (v <> 'bad')")
        for value in ("bad", "good"):
            await both.main.execute("UPDATE t SET v = $1", value)
            await both.settle()
            assert len(await both.open_conflicts()) == (1 if value == "bad" else 0)
        await both.assert_equal("t")


async def test_keys_without_overlaps(pair: Pair) -> None:
    """Rows whose keys merely overlap in every column are two: a decision about one leaves the other alone."""
    if pair.main.get_server_version().major < 18:
        pytest.skip("there are none before 18")
    schema = """
        CREATE TABLE price (item int4range, valid int4range, v int, PRIMARY KEY (item, valid WITHOUT OVERLAPS));
        INSERT INTO price VALUES ('[1,3)', '[0,10)', 1), ('[2,4)', '[0,10)', 1);
    """
    async with synced(pair, schema) as both:
        await both.main.execute("UPDATE price SET v = 2 WHERE item = '[2,4)'")
        await both.backup.execute("UPDATE price SET v = 3 WHERE item = '[2,4)'")
        await both.settle()
        found = {each.entity_id for each in await both.open_conflicts()}
        assert found == {"[2%2C4),[0%2C10)"}
        async with Resolver(*endpoints(pair)) as resolver:
            await resolver.resolve(Decision("price", found.pop(), Resolution.MAIN, "ann", None, "k", {}))
        await both.settle()
        await both.assert_no_conflicts()
        for side in Side:
            assert await both.connection(side).fetch("SELECT v FROM price ORDER BY item") == [(1,), (2,)]


COMPUTED = "CREATE TABLE t (a int, id int GENERATED ALWAYS AS (a * 2) STORED PRIMARY KEY, v text)"


@pytest.mark.parametrize("winner", [Resolution.MAIN, Resolution.BACKUP])
@pytest.mark.parametrize(
    "write", ["INSERT INTO t (a, v) VALUES (5, 'b')", "UPDATE t SET v = 'b'", "DELETE FROM t"]
)
async def test_a_conflict_of_a_key_that_each_side_computes(
    pair: Pair, write: str, winner: Resolution
) -> None:
    async with synced(pair, f"{COMPUTED}; INSERT INTO t (a, v) VALUES (1, 'v')") as both:
        await both.main.execute("UPDATE t SET v = 'm'; INSERT INTO t (a, v) VALUES (5, 'm')")
        await both.backup.execute(write)
        await both.settle()
        async with Resolver(*endpoints(pair)) as resolver:
            for entity_id in {each.entity_id for each in await both.open_conflicts()}:
                await resolver.resolve(Decision("t", entity_id, winner, "ann"))
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


async def test_a_table_whose_key_each_side_computes_is_altered(pair: Pair) -> None:
    async with synced(pair, f"{COMPUTED}; INSERT INTO t (a, v) VALUES (1, 'v'), (2, 'v')") as both:
        await both.settle()
        for side, value in ((Side.MAIN, 1), (Side.BACKUP, 2)):
            await both.connection(side).execute(f"ALTER TABLE t ADD b int DEFAULT {value}")
        await both.main.execute("INSERT INTO t (a, v) VALUES (3, 'new')")
        await both.settle()
        found = {each.entity_id for each in await both.open_conflicts()}
        assert found == {"2", "4"}
        async with Resolver(*endpoints(pair)) as resolver:
            for entity_id in found:
                await resolver.resolve(Decision("t", entity_id, Resolution.BACKUP, "ann"))
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
