"""What applications do to their tables while these are synced, one alteration for a table each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdc.model import Side
from tests.synced import Synced


@dataclass(frozen=True, slots=True)
class Alteration:
    """What is done to column n of a table of its own, and how applications write to it before and after.

    `waits`: what waits while one side only is altered, changes of the `altered` side, of the `other`, or of `both`.
    `refused`: the other side's type raises for what applications write, so it is rows that wait and not the table.
    """

    table: str
    ddl: str
    after: str = "n"
    type: str = "int"
    old: str = "{i}"
    new: str = "{i}"
    waits: str = ""
    refused: bool = False

    @property
    def sql(self) -> str:
        rows = ", ".join(f"({i}, 'a{i}', {self.old.replace('{i}', str(i))})" for i in range(1, 13))
        return (
            f"CREATE TABLE {self.table} (id int PRIMARY KEY, a text, n {self.type});"
            f"INSERT INTO {self.table} VALUES {rows};"
        )

    def writes(self, ids: Sequence[int], offset: int, *, altered: bool) -> list[str]:
        """What an application does in one go: rows of its own are inserted, updated, and one is deleted."""
        column, form = (self.after, self.new) if altered else ("n", self.old)
        columns = f"id, a, {column}" if column else "id, a"

        def value(i: int) -> str:
            return ", " + form.replace("{i}", str(i % 90)) if column else ""

        rows = ", ".join(f"({i}, 'x'{value(i)})" for i in ids)
        sets = f"a = a || '.'{f', {column} = ' + value(offset)[2:] if column else ''}"
        return [
            f"INSERT INTO {self.table} ({columns}) VALUES {rows}",
            f"UPDATE {self.table} SET {sets} WHERE id BETWEEN 5 AND 12 AND id % 2 = {offset}",
            f"DELETE FROM {self.table} WHERE id = {ids[0]}",
        ]


ALTERATIONS = [
    Alteration("untouched", ""),
    Alteration("added", "ADD COLUMN m int", after="m", waits="altered"),
    Alteration("added_default", "ADD COLUMN m int NOT NULL DEFAULT 7", after="m", waits="altered"),
    Alteration("added_stable", "ADD COLUMN m text DEFAULT current_database()", after="n", waits="altered"),
    Alteration("dropped", "DROP COLUMN n", after="", waits="other"),
    Alteration("renamed", "RENAME n TO m", after="m", waits="both"),
    Alteration("renamed_and_emptied", "RENAME n TO m", after="m", new="NULL", waits="both"),
    Alteration("widened_integer", "ALTER n TYPE bigint", new="{i} + 5000000000", refused=True),
    Alteration("narrowed_integer", "ALTER n TYPE int", type="bigint"),
    Alteration(
        "widened_scale",
        "ALTER n TYPE numeric(12,4)",
        type="numeric(10,1)",
        old="{i} + 0.5",
        new="{i} + 0.4321",
        waits="altered",
    ),
    Alteration(
        "narrowed_scale",
        "ALTER n TYPE numeric(10,1)",
        type="numeric(12,4)",
        old="{i} + 0.4321",
        new="{i} + 0.6",
        waits="both",
    ),
    Alteration(
        "widened_text", "ALTER n TYPE text", type="varchar(3)", old="'abc'", new="'abcdefgh{i}'", refused=True
    ),
    Alteration("narrowed_text", "ALTER n TYPE varchar(3)", type="text", old="'abc'", new="'x{i}'"),
    Alteration(
        "widened_char", "ALTER n TYPE char(8)", type="char(3)", old="'ab'", new="'abcdef'", refused=True
    ),
    Alteration("to_text", "ALTER n TYPE text", new="'t{i}'", waits="altered"),
    Alteration("from_text", "ALTER n TYPE int USING n::int", type="text", old="'00{i}'", waits="both"),
    Alteration(
        "zoned",
        "ALTER n TYPE timestamptz",
        type="timestamp",
        old="timestamp '2024-05-06 07:08' + interval '1 min' * {i}",
        new="timestamptz '2024-05-06 07:08+02' + interval '1 min' * {i}",
        waits="altered",
    ),
]


def expected(first: Side) -> dict[Side, set[str]]:
    """The tables that wait, by source, while only one side is altered."""
    waiting = {first: {"altered", "both"}, first.other: {"other", "both"}}
    return {side: {each.table for each in ALTERATIONS if each.waits in waiting[side]} for side in Side}


def held(both: Synced) -> dict[Side, set[str]]:
    return {side: set(link.held) for side, link in both.engine.links.items() if link.held}
