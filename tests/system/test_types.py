"""Every type goes both ways exactly: inserted, updated and deleted on either side under unusual settings.

What arrived is compared with the same expression evaluated on the side it arrived at: row texts, and row images
by `*=`, which compares bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import asyncpg
import pytest

from cdc.conflicts import list_conflicts
from cdc.decision import Decision
from cdc.model import Policy, Resolution, Side
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.hosts import Connection
from tests.synced import Synced, endpoints, synced
from tests.system.type_values import FAMILIES, Kind
from triggers.identifiers import identifier

SIDES = list(Side)

UNUSUAL = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "America/St_Johns",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "xmloption": "document",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "plpgsql.variable_conflict": "error",
    "plpgsql.extra_errors": "all",
    "search_path": "pg_temp",
}
"""What writers set, so that values would be printed in another form."""

NOT_VALUES = {
    "pg_node_tree",
    "gtsvector",
    "pg_ndistinct",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
}
"""Types of the catalog's own, which nobody can write values of."""


async def left_out(pair: Pair, kind: Kind) -> bool:
    """Whether either server has not got what the type needs."""
    return any([await lacking(pair.connection(side), kind) for side in Side])


async def lacking(connection: Connection, kind: Kind) -> bool:
    """Whether the server has not got what the type needs."""
    if not kind.needs:
        return False
    if kind.needs.isdigit():
        return connection.get_server_version().major < int(kind.needs)
    if kind.needs == "xml":
        try:
            await connection.fetchval("SELECT '<a/>'::xml")
        except asyncpg.FeatureNotSupportedError:
            return True
        return False
    found = "SELECT count(*) FROM pg_available_extensions WHERE name = $1"
    return not await connection.fetchval(found, kind.needs)


async def writer(pair: Pair, side: Side) -> Connection:
    """An application's session with unusual settings. Its locale is C on most machines: see test_types_money.py."""
    connection = await pair.connect(side)
    locale = await connection.fetchval(
        "SELECT coalesce(min(collcollate), 'C.utf8') FROM pg_collation WHERE collcollate ~ '_'"
    )
    for name, value in {**UNUSUAL, "lc_monetary": locale}.items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)
    return connection


async def make_extension(pair: Pair, side: Side, kind: Kind) -> None:
    """Run a type's `setup` as far as it makes an extension: not every role may make each of them."""
    for text in kind.setup:
        if text.startswith("CREATE EXTENSION"):
            await pair.administer(side, text)


def table_of(kind: Kind) -> str:
    return identifier(f"of_{kind.name}")


@dataclass(frozen=True, slots=True)
class Write:
    """A statement on one side's table; on both sides' twins."""

    side: Side
    kind: Kind
    text: str

    def on(self, schema: str) -> str:
        return self.text.replace("{table}", f"{schema}.{table_of(self.kind)}")


def inserts(kind: Kind) -> Iterator[Write]:
    for i, value in enumerate(kind.values):
        yield Write(SIDES[i % 2], kind, f"INSERT INTO {{table}} VALUES ({i}, {value})")


def updates(kind: Kind) -> Iterator[Write]:
    """Each row takes the next one's value, on the side where it was not written."""
    for i in range(len(kind.values)):
        value = kind.values[(i + 1) % len(kind.values)]
        yield Write(SIDES[(i + 1) % 2], kind, f"UPDATE {{table}} SET v = {value} WHERE id = {i}")


def nulls(kind: Kind) -> Iterator[Write]:
    yield Write(Side.MAIN, kind, "UPDATE {table} SET v = NULL WHERE id = 0")
    yield Write(Side.BACKUP, kind, "INSERT INTO {table} VALUES (-1, NULL)")


def deletes(kind: Kind) -> Iterator[Write]:
    for i in range(-1, len(kind.values)):
        yield Write(SIDES[i % 2], kind, f"DELETE FROM {{table}} WHERE id = {i}")


@dataclass(slots=True)
class Work:
    """Tables of some types, each with a twin in schema `expected` that is written directly on both sides."""

    synced: Synced
    kinds: Sequence[Kind]
    writers: dict[Side, Connection]

    async def write(self, writes: Sequence[Write], *, one_by_one: bool) -> None:
        for side in Side:
            await self.writers[side].execute("; ".join(write.on("expected") for write in writes))
            own = [write.on("public") for write in writes if write.side is side]
            for text in own if one_by_one else ["; ".join(own)]:
                await self.writers[side].execute(text)
                await self.synced.engine.step(side)

    async def check(self) -> None:
        await self.synced.settle()
        await self.synced.assert_no_conflicts()
        for kind in self.kinds:
            for side in Side:
                wrong = await self.synced.connection(side).fetch(
                    f"SELECT (t.*)::text AS here, (e.*)::text AS wanted FROM public.{table_of(kind)} t"
                    f" FULL JOIN expected.{table_of(kind)} e USING (id)"
                    " WHERE (t.*)::text IS DISTINCT FROM (e.*)::text"
                    + ("" if kind.printed else " OR NOT t *= e")
                )
                assert wrong == [], (kind.name, side)


@pytest.mark.parametrize("way", ["sets", "pages", "one by one"])
@pytest.mark.parametrize("family", FAMILIES)
async def test_every_type(pair: Pair, family: str, way: str) -> None:
    kinds = [kind for kind in FAMILIES[family] if not await left_out(pair, kind)]
    for kind in kinds:
        for side in Side:
            await make_extension(pair, side, kind)
    setup = ["CREATE SCHEMA expected", *(text for kind in kinds for text in kind.setup)]
    for kind in kinds:
        setup += [
            f"CREATE TABLE {schema}.{table_of(kind)} (id int PRIMARY KEY, v {kind.type})"
            for schema in ("public", "expected")
        ]
    options = Options(batch_rows=7 if way == "pages" else 1000)
    async with synced(pair, "; ".join(setup), options=options) as both:
        work = Work(both, kinds, {side: await writer(pair, side) for side in Side})
        for phase in (inserts, updates, nulls, deletes):
            writes = [write for kind in kinds for write in phase(kind)]
            await work.write(writes, one_by_one=way == "one by one")
            await work.check()
        for kind in kinds:
            assert not await pair.main.fetchval(f"SELECT count(*) FROM public.{table_of(kind)}")


async def test_types_that_this_server_lacks(pair: Pair) -> None:
    missing = [kind.name for kinds in FAMILIES.values() for kind in kinds if await left_out(pair, kind)]
    if missing:
        pytest.skip(f"left out: {', '.join(missing)}")


async def test_no_type_is_forgotten(pair: Pair) -> None:
    names = {
        kind.type for kinds in FAMILIES.values() for kind in kinds if not kind.type.startswith("public.")
    }
    plain = [re.split(r"\(| COLLATE", name)[0] for name in names]
    rows = await pair.main.fetch(
        "SELECT typname::text AS name FROM pg_type t WHERE typnamespace = 'pg_catalog'::regnamespace"
        " AND typtype IN ('b', 'r', 'm') AND (typelem = 0 OR typcategory <> 'A')"
        " AND NOT EXISTS (SELECT FROM unnest($1::text[]) n WHERE to_regtype(n) = t.oid)",
        plain,
    )
    assert {row["name"] for row in rows} <= NOT_VALUES


JSON_NULLS = """
CREATE TABLE t (id int PRIMARY KEY, a jsonb, b json);
CREATE TABLE merged (LIKE t INCLUDING ALL);
INSERT INTO t SELECT i, CASE WHEN i < 5 THEN 'null' ELSE '1' END::jsonb, NULL FROM generate_series(1, 5) i;
INSERT INTO merged VALUES (1, 'null', NULL);
"""


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_a_null_of_json_becomes_null_and_back(pair: Pair, batch_rows: int) -> None:
    async with synced(pair, JSON_NULLS, options=Options(batch_rows=batch_rows)) as both:
        for sides, new, printed in (
            (SIDES, "a = NULL, b = 'null'", ["(,null,1)", "(,null,2)"]),
            (SIDES[::-1], "a = 'null', b = NULL", ["(null,,1)", "(null,,2)"]),
        ):
            for key, side in enumerate(sides, start=1):
                await both.connection(side).execute(f"UPDATE t SET {new} WHERE id = {key}")
            await both.settle()
            await both.assert_equal("t")
            assert [row for row in await both.rows(Side.MAIN, "t") if row[-2] in "12"] == printed


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_a_null_of_json_and_null_are_two_values(pair: Pair, batch_rows: int) -> None:
    """In conflict with each other they are shown as two, merged as two, and either is decided for."""
    options, rules = Options(batch_rows=batch_rows), {"t": Policy.MANUAL, "merged": Policy.MERGE}
    async with synced(pair, JSON_NULLS, options=options, policy=lambda entity: rules[entity.table]) as both:
        await both.main.execute(
            "UPDATE t SET a = NULL WHERE id IN (3, 5); UPDATE t SET a = '1' WHERE id = 4;"
            "INSERT INTO t VALUES (6, NULL, 'null'), (7, NULL, NULL); UPDATE merged SET a = NULL"
        )
        await both.backup.execute(
            "UPDATE t SET a = '1' WHERE id = 3; UPDATE t SET a = NULL WHERE id = 4;"
            "UPDATE t SET a = 'null' WHERE id = 5;"
            "INSERT INTO t VALUES (6, 'null', NULL), (7, NULL, NULL); UPDATE merged SET b = 'null'"
        )
        await both.settle()
        found, _ = await list_conflicts(both.main, both.backup)
        columns = ("id", "a", "b")
        assert {
            each.entity_id: tuple(tuple(map(row.get, columns)) for row in (each.main, each.backup) if row)
            for each in found
        } == {
            "3": (("3", None, None), ("3", "1", None)),
            "4": (("4", "1", None), ("4", None, None)),
            "5": (("5", None, None), ("5", "null", None)),
            "6": (("6", None, "null"), ("6", "null", None)),
        }
        assert await both.rows(Side.BACKUP, "merged") == ["(,null,1)"]
        async with Resolver(*endpoints(pair)) as resolver:
            for key, decided in (("3", Resolution.MAIN), ("4", Resolution.BACKUP), ("5", Resolution.BACKUP)):
                await resolver.resolve(Decision("t", key, decided, by="me"))
            values = {"a": "null", "b": None}
            await resolver.resolve(Decision("t", "6", Resolution.MERGE, by="me", values=values))
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t", "merged")
        rows = ["(,,3)", "(,,4)", "(,,7)", "(null,,1)", "(null,,2)", "(null,,5)", "(null,,6)"]
        assert await both.rows(Side.MAIN, "t") == rows
