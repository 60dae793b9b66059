"""Tables are altered on one side first, then on the other, while applications write to both.

No write fails, other tables go on, a table waits only while a value would be lost, and in the end both sides
hold the same rows, although what ALTER TABLE did to them was never captured.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.synced import Synced, synced
from triggers.install import install


@dataclass(frozen=True, slots=True)
class Alteration:
    """What is done to column n of a table of its own, and how applications write to it before and after."""

    table: str
    ddl: str
    after: str = "n"
    type: str = "int"
    old: str = "{i}"
    new: str = "{i}"

    @property
    def sql(self) -> str:
        rows = ", ".join(f"({i}, 'a{i}', {self.old.replace('{i}', str(i))})" for i in range(1, 13))
        return (
            f"CREATE TABLE {self.table} (id int PRIMARY KEY, a text, n {self.type});"
            f"INSERT INTO {self.table} VALUES {rows};"
        )


ALTERATIONS = [
    Alteration("untouched", ""),
    Alteration("added", "ADD COLUMN m int", after="m"),
    Alteration("added_default", "ADD COLUMN m int NOT NULL DEFAULT 7", after="m"),
    Alteration("added_stable", "ADD COLUMN m text DEFAULT current_database()", after="n"),
    Alteration("dropped", "DROP COLUMN n", after=""),
    Alteration("renamed", "RENAME n TO m", after="m"),
    Alteration("widened_integer", "ALTER n TYPE bigint", new="{i} + 5000000000"),
    Alteration("narrowed_integer", "ALTER n TYPE int", type="bigint"),
    Alteration(
        "widened_scale",
        "ALTER n TYPE numeric(12,4)",
        type="numeric(10,1)",
        old="{i} + 0.5",
        new="{i} + 0.4321",
    ),
    Alteration(
        "narrowed_scale",
        "ALTER n TYPE numeric(10,1)",
        type="numeric(12,4)",
        old="{i} + 0.4321",
        new="{i} + 0.6",
    ),
    Alteration("widened_text", "ALTER n TYPE text", type="varchar(3)", old="'abc'", new="'abcdefgh{i}'"),
    Alteration("narrowed_text", "ALTER n TYPE varchar(3)", type="text", old="'abc'", new="'x{i}'"),
    Alteration("widened_char", "ALTER n TYPE char(8)", type="char(3)", old="'ab'", new="'abcdef'"),
    Alteration("to_text", "ALTER n TYPE text", new="'t{i}'"),
    Alteration("from_text", "ALTER n TYPE int USING n::int", type="text", old="'00{i}'"),
    Alteration(
        "zoned",
        "ALTER n TYPE timestamptz",
        type="timestamp",
        old="timestamp '2024-05-06 07:08' + interval '1 min' * {i}",
        new="timestamptz '2024-05-06 07:08+02' + interval '1 min' * {i}",
    ),
]


@dataclass(slots=True)
class Writers:
    """An application on each side: it writes rows of its own, in the form its side has."""

    both: Synced
    altered: set[Side] = field(default_factory=set)
    next_id: int = 100

    async def write(self) -> None:
        """Insert, update and delete in all tables on both sides."""
        self.next_id += 10
        for alteration in ALTERATIONS:
            for offset, side in enumerate(Side):
                await self.write_to(alteration, side, offset)

    async def write_to(self, alteration: Alteration, side: Side, offset: int) -> None:
        column, form = (alteration.after, alteration.new) if side in self.altered else ("n", alteration.old)
        columns = f"id, a, {column}" if column else "id, a"

        def value(i: int) -> str:
            return ", " + form.replace("{i}", str(i % 90)) if column else ""

        ids = [i * 2 + offset for i in range(self.next_id, self.next_id + 2)]
        rows = ", ".join(f"({i}, 'x'{value(i)})" for i in ids)
        sets = f"a = a || '.'{f', {column} = ' + value(offset)[2:] if column else ''}"
        await self.both.connection(side).execute(
            f"INSERT INTO {alteration.table} ({columns}) VALUES {rows};"
            f"UPDATE {alteration.table} SET {sets} WHERE id BETWEEN 5 AND 12 AND id % 2 = {offset};"
            f"DELETE FROM {alteration.table} WHERE id = {ids[0]}"
        )

    async def alter(self, side: Side) -> None:
        for each in ALTERATIONS:
            if each.ddl:
                await self.both.connection(side).execute(f"ALTER TABLE {each.table} {each.ddl}")
        self.altered.add(side)


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("first", list(Side))
async def test_altered_on_one_side_then_on_the_other(
    pair: Pair,
    first: Side,
    up: bool,  # noqa: FBT001
) -> None:
    async with synced(pair, "".join(each.sql for each in ALTERATIONS)) as both:
        await both.settle()
        writers = Writers(both)
        if not up:
            await both.engine.close()
        await writers.write()
        for side in (first, first.other):
            await writers.alter(side)
            await writers.write()
            if up:
                await both.settle()
                await both.assert_equal("untouched")
        if not up:
            await both.reopen()
        await both.settle()
        assert {side: link.held for side, link in both.engine.links.items() if link.held} == {}
        wrong = []
        for each in ALTERATIONS:
            here, there = [await both.rows(side, each.table) for side in Side]
            if here != there:
                wrong.append((each.table, sorted({*here} ^ {*there})[:4]))
        assert wrong == []
        await both.assert_no_conflicts()


async def held(both: Synced) -> dict[Side, frozenset[str]]:
    return {side: link.held for side, link in both.engine.links.items() if link.held}


async def capture(both: Synced) -> None:
    """What the service does every few seconds."""
    for side in Side:
        await install(both.connection(side), side=side, schemas=["public"])
